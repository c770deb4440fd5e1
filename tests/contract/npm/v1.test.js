// npm webflow-api 0.8.1, the last of the first line: every call to sites, collections and items.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Webflow from "webflow-api-v1";
import { collection, PRODUCTS, product, SITE, start, TOKEN, UNKNOWN } from "./sandbox.js";

let sandbox, client;

before(async () => {
  sandbox = await start();
  client = connect(TOKEN);
});
after(() => sandbox.stop());

const connect = (token) => new Webflow({ token, endpoint: sandbox.url, version: "1.0.0" });
const OBJECT_ID = /^[0-9a-f]{24}$/;

test("sites are listed and read", async () => {
  const [listed] = await client.sites();
  const found = await client.site({ siteId: SITE });
  assert.deepEqual([listed._id, found._id, found.name], [SITE, SITE, listed.name]);
  for (const key of ["createdOn", "shortName", "lastPublished", "previewUrl", "timezone"])
    assert.ok(key in found, key);
});

test("the domains of a site are read", async () => {
  const found = await client.domains({ siteId: SITE });
  assert.ok(found.every((one) => OBJECT_ID.test(one._id) && one.name));
});

test("a site is published to its domains, and once a minute at most", async () => {
  const domains = (await client.domains({ siteId: SITE })).map((one) => one.name);
  const answer = await client.publishSite({ siteId: SITE, domains });
  assert.equal(answer.queued, true);
  await assert.rejects(client.publishSite({ siteId: SITE, domains }), { code: 429 });
});

test("collections are listed and read", async () => {
  const all = await client.collections({ siteId: SITE });
  assert.ok(all.some((one) => one._id === PRODUCTS));
  const found = await client.collection({ collectionId: PRODUCTS });
  assert.deepEqual([found.name, found.slug], ["Products", "products"]);
  const types = Object.fromEntries(found.fields.map((one) => [one.slug, one.type]));
  assert.deepEqual([types["in-stock"], types.image, types._draft], ["Bool", "ImageRef", "Bool"]);
});

test("items are listed by page", async () => {
  const found = await client.items({ collectionId: PRODUCTS }, { limit: 2, offset: 1 });
  assert.deepEqual([found.count, found.limit, found.offset, found.total], [2, 2, 1, 120]);
  assert.equal(found.items.length, 2);
});

test("one item is read", async () => {
  const found = await client.item({ collectionId: PRODUCTS, itemId: product(1) });
  assert.deepEqual([found._id, found._cid, found.sku], [product(1), PRODUCTS, "P-0001"]);
});

test("an item is created, staged and live", async () => {
  const { id: collectionId } = await collection(sandbox);
  const fields = { name: "Oak desk", _archived: false, _draft: false };
  const staged = await client.createItem({ collectionId, fields });
  assert.deepEqual([staged.slug, staged["published-on"]], ["oak-desk", null]);
  const live = await client.createItem({ collectionId, fields }, { live: true });
  assert.match(live.slug, /^oak-desk-\d+$/);
  assert.ok(live["published-on"]);
});

test("an item is patched: only what is sent changes", async () => {
  const { id: collectionId, items: [itemId] } = await collection(sandbox);
  const before = await client.item({ collectionId, itemId });
  const found = await client.patchItem({ collectionId, itemId, fields: { price: 7 } });
  assert.deepEqual([found.price, found.slug, found._id], [7, before.slug, itemId]);
  assert.equal(found["published-on"], before["published-on"]);
});

test("a live patch is published at once", async () => {
  const { id: collectionId, items: [itemId] } = await collection(sandbox);
  const before = await client.item({ collectionId, itemId });
  const call = { collectionId, itemId, fields: { price: 7 } };
  const found = await client.patchItem(call, { live: true });
  assert.ok(found["published-on"] > before["published-on"]);
});

test("an item is replaced: what is not sent is cleared", async () => {
  const { id: collectionId, items: [itemId] } = await collection(sandbox);
  const fields = { name: "Oak desk", slug: "oak-desk", _archived: false, _draft: false };
  const found = await client.updateItem({ collectionId, itemId, fields });
  assert.deepEqual([found.name, found.price], ["Oak desk", undefined]);
});

test("items are published", async () => {
  const { id: collectionId, items: [first] } = await collection(sandbox, { live: false });
  const found = await client.publishItems({ collectionId, itemIds: [first] });
  assert.deepEqual([found.publishedItemIds, found.errors], [[first], []]);
  assert.ok((await client.item({ collectionId, itemId: first }))["published-on"]);
});

test("an item is unpublished", async () => {
  const { id: collectionId, items: [itemId] } = await collection(sandbox);
  await client.removeItem({ collectionId, itemId }, { live: "true" });
  const found = await client.item({ collectionId, itemId });
  assert.equal(found["published-on"], null);
});

test("items are deleted, one and many", async () => {
  const { id: collectionId, items: [first, second, third] } = await collection(sandbox);
  assert.ok((await client.removeItem({ collectionId, itemId: first })).deleted);
  const found = await client.deleteItems({ collectionId, itemIds: [second, third] });
  assert.deepEqual([found.deletedItemIds, found.errors], [[second, third], []]);
  assert.equal((await client.items({ collectionId })).total, 0);
});

test("every answer tells what is left of the window", async () => {
  const { _meta } = await client.collection({ collectionId: PRODUCTS });
  assert.equal(_meta.rateLimit.limit, 10_000);
  assert.ok(_meta.rateLimit.remaining < 10_000);
});

const refused = (code, name) => (error) => {
  assert.ok(error instanceof Webflow.WebflowError, String(error));
  assert.equal(error.code, code);
  assert.equal(error.message, `${name}: ${error.msg}`);
  return true;
};

test("values that do not fit are problems, one a field", async () => {
  const fields = { price: "much", colour: "red" };
  const call = client.patchItem({ collectionId: PRODUCTS, itemId: product(1), fields });
  await assert.rejects(call, (error) => {
    assert.equal(error.problems.length, 2);
    assert.ok(error.problems.includes("Field 'colour': Field not described in schema"));
    return refused(400, "ValidationError")(error);
  });
});

test("a patch without fields is refused before it counts", async () => {
  const call = client.patchItem({ collectionId: PRODUCTS, itemId: product(1), price: 7 });
  await assert.rejects(call, (error) => {
    assert.equal(error.msg, "'fields' is required");
    assert.ok(Number.isNaN(error._meta.rateLimit.limit));
    return refused(400, "ValidationError")(error);
  });
});

test("a token that is not valid", async () => {
  await assert.rejects(connect("another").sites(), refused(401, "Unauthorized"));
});

test("what does not exist", async () => {
  const ids = { collectionId: PRODUCTS, itemId: UNKNOWN };
  await assert.rejects(client.patchItem({ ...ids, fields: {} }), refused(404, "NotFound"));
  await assert.rejects(client.collection({ collectionId: UNKNOWN }), refused(404, "NotFound"));
});

test("a live patch of what was never published is a conflict", async () => {
  const { id: collectionId, items: [itemId] } = await collection(sandbox, { live: false });
  const call = client.patchItem({ collectionId, itemId, fields: { price: 1 } }, { live: true });
  await assert.rejects(call, refused(400, "Conflict"));
});

test("a window that is used up", async () => {
  await sandbox.control("/token", { token: "spent", valid: true });
  await sandbox.control("/budget", { token: "spent", used: 10_000 });
  const call = connect("spent").collection({ collectionId: PRODUCTS });
  await assert.rejects(call, (error) => {
    assert.equal(error._meta.rateLimit.remaining, 0);
    return refused(429, "RateLimit")(error);
  });
});

test("a server error", async () => {
  await sandbox.control("/faults", { fault: "status", status: 500 });
  await assert.rejects(client.sites(), refused(500, "ServerError"));
});
