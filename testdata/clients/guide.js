// The guide's example receiver, taken from the document itself: node guide.js
// DOCUMENT MODE [RSA.pem]. MODE is "written", or how its verification is
// mended: "stringify" (JSON.stringify of the parsed body) or "raw" (the bytes).
const fs = require('node:fs');

const [documentFile, mode, keyFile] = process.argv.slice(2);
const text = fs.readFileSync(documentFile, 'utf8');
const from = text.indexOf("const express = require('express')\nconst crypto");
let code = text.slice(from, text.indexOf('\nError Handling & Retries', from));
if (from < 0 || !code.includes('verifyWebhookSignature')) throw new Error('the document has no example receiver');

const verify = (payload) => `
function verifyWebhookSignature(body, signature) {
  const verifier = crypto.createVerify('SHA256')
  verifier.update(${payload})
  verifier.end()
  return verifier.verify(publicKey, signature, 'base64')
}
async function handleNewContact() {}
async function handleContactUpdate() {}
`;
if (mode !== 'written') code += `\nconst publicKey = ${JSON.stringify(fs.readFileSync(keyFile, 'utf8'))}\n`;
if (mode === 'stringify') code += verify('JSON.stringify(body)');
if (mode === 'raw') {
  code = code.replace('app.use(express.json())', 'app.use(express.json({ verify: (req, res, buf) => { req.rawBody = buf } }))');
  code = code.replace('verifyWebhookSignature(req.body,', 'verifyWebhookSignature(req.rawBody,');
  code += verify('body');
}
code += `
const server = app.listen(0, '127.0.0.1', () => {
  const at = '127.0.0.1:' + server.address().port
  process.stdout.write(JSON.stringify({ kind: 'ready', local: 'http://' + at, target: at }) + '\\n')
})
`;
console.error = () => {}; // it logs its own failure, which is what is tested
new Function('require', 'console', code)(require, { ...console, log: () => {} });
