// A certified provider of OpenID Connect (node-oidc-provider), as tests need one: it knows whom it is
// told of, asks nobody for consent, and can be told to lie. Prints its port once it listens.
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

let fresh; // the key that replaced the first one
const people = new Map(); // subject → claims
let lie = {}; // what is changed in every ID token: header, claims, without; another key: stranger

const key = (type, options, more) => {
  const pair = generateKeyPairSync(type, options);
  return { ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', ...more };
};
const EC = { namedCurve: 'P-256' };
const ec = key('ec', EC, { kid: 'ec', alg: 'ES256' });
const rsa = key('rsa', { modulusLength: 2048 }, { kid: 'rsa', alg: 'RS256' });
const strange = key('ec', EC, {});

function lied(token) {
  if (!fresh && !Object.keys(lie).length) return token;
  const [head, body] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const { kid } = fresh ?? ec;
  const parts = [{ ...head, kid, ...lie.header }, { ...body, ...lie.claims }];
  for (const name of lie.without ?? []) delete parts[1][name];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signer = { key: lie.stranger ? strange : (fresh ?? ec), format: 'jwk', dsaEncoding: 'ieee-p1363' };
  const signature = parts[0].alg === 'none' ? '' : sign('sha256', text, signer).toString('base64url');
  return `${text}.${signature}`;
}

function make(issuer) {
  const provider = new Provider(issuer, {
    jwks: { keys: [ec, rsa] },
    cookies: { keys: ['of no value'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // Mail addresses are in the ID token, as most providers have it.
    conformIdTokenClaims: false,
    features: { registration: { enabled: true, initialAccessToken: false } },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'jwks' && fresh) {
      const { d, ...open } = fresh;
      ctx.body.keys = [open];
    }
    if (ctx.oidc?.route === 'token' && ctx.body?.id_token) ctx.body.id_token = lied(ctx.body.id_token);
  });
  return provider.callback();
}

async function told(request, response) {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString() || '{}');
  if (request.url === '/told/lie') lie = body;
  else if (request.url === '/told/rotate') fresh = key('ec', EC, { kid: body.kid, alg: 'ES256' });
  else people.set(body.sub, body.claims);
  response.writeHead(204).end();
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provide = make(`http://127.0.0.1:${port}`);
  server.on('request', (request, response) =>
    request.url.startsWith('/told/') ? told(request, response) : provide(request, response));
  console.log(`listening ${port}`);
});
