// The SDK's webhook middleware in front of an app: node middleware.js
// SANDBOX.json ED25519.pem RSA.pem. It answers 200 when both signatures fit.
const fs = require('node:fs');
const express = require('express');
const { HighLevel } = require('@gohighlevel/api-client');

const [boxFile, ed25519File, rsaFile] = process.argv.slice(2);
const box = JSON.parse(fs.readFileSync(boxFile, 'utf8'));
const rsa = fs.readFileSync(rsaFile, 'utf8');

async function main() {
  const answer = await fetch(`${box.api}/_sandbox/app`, { headers: { Authorization: `Bearer ${box.secret}` } });
  const { id } = await answer.json();
  const ghl = new HighLevel({ clientId: `${id}-x`, clientSecret: 'x', logLevel: 'none', webhookPublicKey: fs.readFileSync(ed25519File, 'utf8') });
  const app = express();
  app.use(express.json({ verify: (req, _res, buf) => { req.rawBody = buf; } }));
  app.use('/webhooks', ghl.webhooks.subscribe());
  app.post('/webhooks', (req, res) => {
    const second = ghl.webhooks.verifySignature(req.rawBody.toString(), req.headers['x-wh-signature'], rsa);
    res.status(req.isSignatureValid === true && second ? 200 : 401).json({ ed25519: req.isSignatureValid, rsa: second });
  });
  const server = app.listen(0, '127.0.0.1', () => {
    const at = `127.0.0.1:${server.address().port}`;
    console.log(JSON.stringify({ kind: 'ready', local: `http://${at}`, target: at }));
  });
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
