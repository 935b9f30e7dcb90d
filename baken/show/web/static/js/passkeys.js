// Passkeys: a form with data-passkey="create" or "get" asks the device first, and is sent with what it answered.
// Whatever does not work leaves the page as it was, with the reason beside the button.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  function options({ publicKey }) {
    const asked = { ...publicKey, challenge: bytes(publicKey.challenge) };
    if (publicKey.user) asked.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    if (publicKey.excludeCredentials) asked.excludeCredentials = known(publicKey.excludeCredentials);
    if (publicKey.allowCredentials) asked.allowCredentials = known(publicKey.allowCredentials);
    return { publicKey: asked };
  }

  function answer(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
  }

  async function ask(form) {
    const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    const challenge = await fetch(form.dataset.challenge, { method: "POST", body, redirect: "error" });
    if (!challenge.ok) throw new Error(String(challenge.status));
    const credential = await navigator.credentials[form.dataset.passkey](options(await challenge.json()));
    form.elements.answer.value = JSON.stringify(answer(credential));
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const failed = form.querySelector("[data-failed]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      try {
        await ask(form);
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
})();
