"""Keys from key material: the one place where a Tink keyset is built by hand.

Tink's Python library makes random keys and reads keysets, and has no way from derived bytes to a key. A keyset is a
protocol buffer, so it is written here and read by Tink like any other.
"""

import tink
from tink import aead as tink_aead
from tink import proto_keyset_format, secret_key_access
from tink.proto import tink_pb2, x_aes_gcm_pb2

_TYPE = "type.googleapis.com/google.crypto.tink.XAesGcmKey"
_SALT = 12  # with GCM's own 12 bytes: a random nonce of 192 bits, which does not wear a key out

tink_aead.register()


def aead(material: bytes) -> tink_aead.Aead:
    """XAES-256-GCM with these 32 bytes as its key. Raises ValueError for another length."""
    if len(material) != 32:
        raise ValueError("a key is made of 32 bytes")
    key = x_aes_gcm_pb2.XAesGcmKey(version=0, params=x_aes_gcm_pb2.XAesGcmParams(salt_size=_SALT), key_value=material)
    data = tink_pb2.KeyData(type_url=_TYPE, value=key.SerializeToString(), key_material_type=tink_pb2.KeyData.SYMMETRIC)
    entry = tink_pb2.Keyset.Key(key_data=data, status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW)
    keyset = tink_pb2.Keyset(primary_key_id=1, key=[entry])
    handle: tink.KeysetHandle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(tink_aead.Aead)
