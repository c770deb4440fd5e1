// npm webflow-api 1.3.1, v1 by axios: every call to sites, collections and items.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Webflow from "webflow-api-v1-axios";
import { collection, PRODUCTS, product, SITE, start, TOKEN, UNKNOWN } from "./sandbox.js";

let sandbox, client;

before(async () => {
  sandbox = await start();
  client = connect(TOKEN);
});
after(() => sandbox.stop());

const connect = (token) => {
  const made = new Webflow({ token, version: "1.0.0" });
  made.client.defaults.baseURL = `${sandbox.url}/`; // there is no option for it
  return made;
};

test("sites are listed and read", async () => {
  const [listed] = await client.sites();
  const found = await client.site({ siteId: SITE });
  assert.deepEqual([listed._id, found._id, found.name], [SITE, SITE, listed.name]);
});

test("domains are read, and the site is published to them", async () => {
  const site = await client.site({ siteId: SITE });
  const domains = (await site.domains()).map((one) => one.name);
  assert.deepEqual((await client.domains({ siteId: SITE })).map((one) => one.name), domains);
  assert.deepEqual(await client.publishSite({ siteId: SITE, domains }), { queued: true });
  await assert.rejects(site.publishSite(domains), refused(429, "RateLimit"));
});

test("collections are listed and read", async () => {
  const all = await client.collections({ siteId: SITE });
  assert.ok(all.some((one) => one._id === PRODUCTS));
  const site = await client.site({ siteId: SITE });
  assert.equal((await site.collections()).length, all.length);
  const found = await client.collection({ collectionId: PRODUCTS });
  assert.equal(found.name, "Products");
  assert.equal(found.fields.find((one) => one.slug === "in-stock").type, "Bool");
});

test("items are listed by page and read", async () => {
  const found = await client.items({ collectionId: PRODUCTS, limit: 2, offset: 1 });
  assert.equal(found.length, 2);
  const item = await client.item({ collectionId: PRODUCTS, itemId: product(1) });
  assert.deepEqual([item._id, item.sku, item._meta.rateLimit.limit], [product(1), "P-0001", 10_000]);
});

test("an item is created, patched, replaced and removed", async () => {
  const { id: collectionId } = await collection(sandbox);
  const fields = { name: "Oak desk", price: 7, _archived: false, _draft: false };
  const made = await client.createItem({ collectionId, fields });
  assert.deepEqual([made.slug, made._cid], ["oak-desk", collectionId]);
  const itemId = made._id;
  // This client takes the rest of its argument as the fields.
  const patched = await client.patchItem({ collectionId, itemId, price: 8 });
  assert.deepEqual([patched.price, patched.name], [8, "Oak desk"]);
  const whole = { name: "Ash desk", slug: "ash-desk", _archived: false, _draft: false };
  const replaced = await client.updateItem({ collectionId, itemId, ...whole });
  assert.deepEqual([replaced.name, replaced.price], ["Ash desk", undefined]);
  assert.ok((await client.removeItem({ collectionId, itemId })).deleted);
});

test("the records of a collection do the same", async () => {
  const { id: collectionId, items: [first] } = await collection(sandbox);
  const shelf = await client.collection({ collectionId });
  assert.equal((await shelf.items({ limit: 2 })).length, 2);
  assert.equal((await shelf.item({ itemId: first }))._id, first);
  const made = await shelf.createItem({ name: "Oak desk", _archived: false, _draft: false });
  const fields = { name: "Ash desk", slug: "ash-desk", _archived: false, _draft: false };
  assert.equal((await made.update(fields)).name, "Ash desk");
  assert.ok((await made.remove()).deleted);
});

test("a live patch is published at once", async () => {
  const { id, items: [first] } = await collection(sandbox);
  const path = `/collections/${id}/items/${first}`;
  const { data } = await client.patch(path, { fields: { price: 7 } }, { live: true });
  assert.deepEqual([data.price, data._id], [7, first]);
});

test("items are published, unpublished and deleted", async () => {
  const { id: collectionId, items } = await collection(sandbox, { live: false });
  const published = await client.publishItems({ collectionId, itemIds: items });
  assert.deepEqual(published, { publishedItemIds: items, errors: [] });
  const unpublished = await client.deleteItems({ collectionId, itemIds: items, live: true });
  assert.deepEqual(unpublished, { deletedItemIds: items, errors: [] });
  assert.equal((await client.item({ collectionId, itemId: items[0] }))["published-on"], null);
  await client.deleteItems({ collectionId, itemIds: items });
  assert.deepEqual(await client.items({ collectionId }), []);
});

const refused = (status, name) => (error) => {
  assert.ok(error.isAxiosError, String(error));
  const { data } = error.response;
  assert.deepEqual([error.response.status, data.code, data.name], [status, status, name]);
  assert.equal(data.err, `${name}: ${data.msg}`);
  assert.equal(data.path, error.response.request.path.split("?")[0]);
  return true;
};

test("values that do not fit are problems, one a field", async () => {
  const ids = { collectionId: PRODUCTS, itemId: product(1) };
  await assert.rejects(client.patchItem({ ...ids, price: "much", colour: "red" }), (error) => {
    const { problems, problem_data: data } = error.response.data;
    assert.equal(problems.length, 2);
    assert.deepEqual(data.map((one) => one.slug).sort(), ["colour", "price"]);
    return refused(400, "ValidationError")(error);
  });
});

test("fields that are nested twice are not described", async () => {
  const ids = { collectionId: PRODUCTS, itemId: product(1) };
  const call = client.patchItem({ ...ids, fields: { price: 7 } });
  await assert.rejects(call, refused(400, "ValidationError"));
});

test("a token that is not valid", async () => {
  await assert.rejects(connect("another").sites(), refused(401, "Unauthorized"));
});

test("what does not exist", async () => {
  const call = client.patchItem({ collectionId: PRODUCTS, itemId: UNKNOWN, price: 7 });
  await assert.rejects(call, refused(404, "NotFound"));
});

test("a live patch of what was never published is a conflict", async () => {
  const { id, items: [first] } = await collection(sandbox, { live: false });
  const call = client.patch(`/collections/${id}/items/${first}`, { fields: {} }, { live: true });
  await assert.rejects(call, refused(400, "Conflict"));
});

test("a window that is used up", async () => {
  await sandbox.control("/token", { token: "spent", valid: true });
  await sandbox.control("/budget", { token: "spent", used: 10_000 });
  await assert.rejects(connect("spent").sites(), refused(429, "RateLimit"));
});

test("a server error", async () => {
  await sandbox.control("/faults", { fault: "status", status: 500 });
  await assert.rejects(client.sites(), refused(500, "ServerError"));
});
