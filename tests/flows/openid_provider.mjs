// A real OpenID provider for the tests: what it is called, whom it knows and with which key it signs is in CONFIGURATION.
import { Provider } from "oidc-provider";

const { issuer, port, people, methods, jwks, clients, inIdToken } = JSON.parse(process.env.CONFIGURATION);
const provider = new Provider(issuer, {
  clients,
  jwks,
  acrValues: ["two-steps"],
  claims: { openid: ["sub", "amr"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: !inIdToken,
  cookies: { keys: ["for the tests alone"] },
  features: { registration: { enabled: true } },
  findAccount: (_context, sub) => people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
});
const finished = provider.interactionFinished.bind(provider);
provider.interactionFinished = (request, response, result, ...rest) =>
  finished(request, response, { ...result, login: result.login && { ...result.login, ...methods[result.login.accountId] } }, ...rest);
provider.listen(port, "127.0.0.1", () => console.log("listening"));
