// A real OpenID provider for the tests: what it is called, whom it knows and with which key it signs is in CONFIGURATION.
import { Provider } from "oidc-provider";

const { issuer, port, people, jwks, clients, inIdToken } = JSON.parse(process.env.CONFIGURATION);
const provider = new Provider(issuer, {
  clients,
  jwks,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: !inIdToken,
  cookies: { keys: ["for the tests alone"] },
  features: { registration: { enabled: true } },
  findAccount: (_context, sub) => people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
});
provider.listen(port, "127.0.0.1", () => console.log("listening"));
