// The family's official SDK through every endpoint of the document:
// node sdk.js SANDBOX.json
const assert = require('node:assert');
const fs = require('node:fs');
const { HighLevel } = require('@gohighlevel/api-client');

const box = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
HighLevel.BASE_URL = box.api;
const client = (options) => new HighLevel({ privateIntegrationToken: box.token, logLevel: 'none', ...options });

async function main() {
  const { contacts } = client({ apiVersion: '2021-07-28' });
  const locationId = box.locationId;
  const made = (await contacts.createContact({ locationId, firstName: 'Ann', email: 'ann@example.com', tags: ['lead'], businessId: 'biz1' })).contact;
  assert.equal(made.email, 'ann@example.com');
  const got = (await contacts.getContact({ contactId: made.id })).contact;
  assert.deepEqual(got, made);
  const changed = await contacts.updateContact({ contactId: made.id }, { lastName: 'Lee', tags: ['customer'] });
  assert.deepEqual(changed.contact.tags, ['customer']);
  const again = await contacts.upsertContact({ locationId, email: 'ann@example.com', city: 'Austin' });
  assert.equal(again.new, false);
  assert.equal(again.contact.id, made.id);
  for (let n = 0; n < 7; n++) await contacts.createContact({ locationId, firstName: `N${n}`, email: `n${n}@example.com` });
  const seen = new Set();
  for (let after = {}, page; !page || page.contacts.length === 3; after = { startAfterId: page.startAfterId, startAfter: page.startAfter }) {
    page = await contacts.getContacts({ locationId, limit: 3, ...after });
    for (const c of page.contacts) assert.ok(!seen.has(c.id)) || seen.add(c.id);
    for (const c of page.contacts) seen.add(c.id);
  }
  assert.equal(seen.size, 8);
  const found = await contacts.getContacts({ locationId, query: 'ann' });
  assert.equal(found.total, 1);
  const business = await contacts.getContactsByBusinessId({ businessId: 'biz1', locationId });
  assert.equal(business.contacts.length, 1);
  assert.deepEqual(await contacts.deleteContact({ contactId: made.id }), { succeeded: true });
  await assert.rejects(contacts.getContact({ contactId: made.id }), (e) => e.statusCode === 400);
  await assert.rejects(contacts.createContact({ locationId, email: 'nobody' }), (e) => e.statusCode === 422);
  // Without its version it asks for another one, and is told which.
  await assert.rejects(client({}).contacts.getContacts({ locationId }), (e) => e.statusCode === 400 && /2021-07-28/.test(JSON.stringify(e.response ?? e.message)));
  console.log('ok: create get update upsert list paging search by-business delete errors version');
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
