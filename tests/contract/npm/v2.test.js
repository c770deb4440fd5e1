// npm webflow-api 3.3.4: every call to sites, collections, fields and items, and its errors.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { Webflow, WebflowClient, WebflowError } from "webflow-api-v2";
import { collection, PRODUCTS, product, SITE, start, TOKEN, UNKNOWN } from "./sandbox.js";

let sandbox, client, items;

before(async () => {
  sandbox = await start();
  client = connect(TOKEN);
  items = client.collections.items;
});
after(() => sandbox.stop());

const connect = (accessToken) =>
  new WebflowClient({ accessToken, baseUrl: `${sandbox.url}/v2`, maxRetries: 0 });
const names = (found) => found.items.map((one) => one.fieldData.name);
const locales = async () => {
  const { primary, secondary } = (await client.sites.get(SITE)).locales;
  return [primary, ...secondary].map((one) => one.cmsLocaleId);
};
const oak = (more) => ({ fieldData: { name: "Oak desk", slug: "oak-desk", ...more } });

test("sites are listed and read", async () => {
  const { sites } = await client.sites.list();
  const found = await client.sites.get(SITE);
  assert.deepEqual(sites.map((one) => one.id), [SITE]);
  assert.equal(found.displayName, sites[0].displayName);
  assert.ok(found.createdOn instanceof Date);
});

test("the domains of a site are read", async () => {
  const { customDomains } = await client.sites.getCustomDomain(SITE);
  assert.ok(customDomains.every((one) => one.id && one.url));
});

test("a site is published, and once a minute at most", async () => {
  const { customDomains } = await client.sites.getCustomDomain(SITE);
  const ids = customDomains.map((one) => one.id);
  const order = { customDomains: ids, publishToWebflowSubdomain: true };
  const answer = await client.sites.publish(SITE, order);
  assert.deepEqual(answer.customDomains.map((one) => one.id), ids);
  assert.equal(answer.publishToWebflowSubdomain, true);
  await assert.rejects(client.sites.publish(SITE, order), Webflow.TooManyRequestsError);
});

test("what needs an Enterprise plan is forbidden", async () => {
  await assert.rejects(client.sites.update(SITE, { name: "B" }), Webflow.ForbiddenError);
  await assert.rejects(client.sites.delete(SITE), Webflow.ForbiddenError);
});

test("collections are listed and read", async () => {
  const { collections } = await client.collections.list(SITE);
  assert.ok(collections.some((one) => one.id === PRODUCTS));
  const found = await client.collections.get(PRODUCTS);
  assert.equal(found.displayName, "Products");
  assert.equal(found.fields.find((one) => one.slug === "price").type, "Number");
});

test("a collection is created with every kind of field, and deleted", async () => {
  const made = await client.collections.create(SITE, {
    displayName: "Blog Posts",
    singularName: "Blog Post",
    slug: "posts",
    fields: [
      { type: "RichText", displayName: "Post Body", isRequired: true },
      { type: "Option", displayName: "Mood", metadata: { options: [{ name: "Glad" }] } },
      { type: "MultiReference", displayName: "Wares", metadata: { collectionId: PRODUCTS } },
    ],
  });
  const found = await client.collections.get(made.id);
  assert.deepEqual(found.fields.map((one) => [one.slug, one.type]).sort(), [
    ["mood", "Option"],
    ["name", "PlainText"],
    ["post-body", "RichText"],
    ["slug", "PlainText"],
    ["wares", "MultiReference"],
  ]);
  await client.collections.delete(made.id);
  await assert.rejects(client.collections.get(made.id), Webflow.NotFoundError);
});

test("a field is added, renamed, used and removed", async () => {
  const { id, items: [first] } = await collection(sandbox);
  const { fields } = client.collections;
  const made = await fields.create(id, { type: "PlainText", displayName: "Wood" });
  const renamed = await fields.update(id, made.id, { displayName: "Kind of wood" });
  assert.deepEqual([renamed.id, renamed.displayName], [made.id, "Kind of wood"]);
  const changed = await items.updateItem(id, first, { fieldData: { wood: "Oak" } });
  assert.equal(changed.fieldData.wood, "Oak");
  await fields.delete(id, made.id);
  assert.ok(!(await client.collections.get(id)).fields.some((one) => one.slug === "wood"));
});

test("items are listed by page, name, slug and time", async () => {
  const order = { sortBy: "name", sortOrder: "asc", limit: 2, offset: 1 };
  const found = await items.listItems(PRODUCTS, order);
  assert.deepEqual(names(found), ["Product 10", "Product 100"]);
  assert.deepEqual(found.pagination, { limit: 2, offset: 1, total: 120 });
  assert.deepEqual(names(await items.listItems(PRODUCTS, { name: "Product 2" })), ["Product 2"]);
  const late = { slug: "product-2", lastPublished: { gte: new Date("2026-01-01") } };
  assert.deepEqual(names(await items.listItems(PRODUCTS, late)), []);
});

test("live items are listed and read", async () => {
  const { id, items: [first] } = await collection(sandbox);
  await items.deleteItemLive(id, first);
  assert.equal((await items.listItemsLive(id)).pagination.total, 2);
  assert.equal((await items.getItem(id, first)).isDraft, true);
  await assert.rejects(items.getItemLive(id, first), Webflow.NotFoundError);
});

test("one item is created as a draft, or live", async () => {
  const { id } = await collection(sandbox);
  const draft = await items.createItem(id, oak({ price: 12.5, "in-stock": true }));
  assert.deepEqual([draft.isDraft, draft.lastPublished], [true, undefined]);
  assert.deepEqual([draft.fieldData.price, draft.fieldData["in-stock"]], [12.5, true]);
  const live = await items.createItemLive(id, { fieldData: { name: "Ash", slug: "ash" } });
  assert.ok((await items.getItemLive(id, live.id)).lastPublished);
});

test("several items are created, staged and live", async () => {
  const { id } = await collection(sandbox);
  const several = (...all) => ({
    items: all.map((slug) => ({ fieldData: { name: slug, slug } })),
  });
  assert.deepEqual(names(await items.createItem(id, several("a", "b"))), ["a", "b"]);
  assert.deepEqual(names(await items.createItemLive(id, several("c", "d"))), ["c", "d"]);
  assert.equal((await items.listItems(id)).pagination.total, 7);
  assert.equal((await items.listItemsLive(id)).pagination.total, 5);
});

test("an item is created, read and updated in every locale", async () => {
  const { id } = await collection(sandbox);
  const cmsLocaleIds = await locales();
  const made = await items.createItems(id, { cmsLocaleIds, ...oak() });
  const item = made.id;
  const cmsLocaleId = cmsLocaleIds.at(-1);
  await items.updateItem(id, item, { cmsLocaleId, fieldData: { name: "Eichentisch" } });
  const other = await items.getItem(id, item, { cmsLocaleId });
  assert.deepEqual([other.cmsLocaleId, other.fieldData.name], [cmsLocaleId, "Eichentisch"]);
  assert.equal((await items.getItem(id, item)).fieldData.name, "Oak desk");
});

test("an item is updated, staged and live", async () => {
  const { id, items: [first] } = await collection(sandbox);
  const before = (await items.getItem(id, first)).fieldData.price;
  await items.updateItem(id, first, { fieldData: { price: 7 } });
  assert.equal((await items.getItemLive(id, first)).fieldData.price, before);
  await items.updateItemLive(id, first, { fieldData: { price: 8 } });
  assert.equal((await items.getItem(id, first)).fieldData.price, 8);
  assert.equal((await items.getItemLive(id, first)).fieldData.price, 8);
});

test("100 items are updated at once, staged and live", async () => {
  const entries = (price) =>
    Array.from({ length: 100 }, (_, n) => ({ id: product(n + 1), fieldData: { price } }));
  for (const [update, price] of [["updateItems", 7], ["updateItemsLive", 8]]) {
    const found = await items[update](PRODUCTS, { items: entries(price) });
    assert.equal(found.items.length, 100);
    assert.ok(found.items.every((one) => one.fieldData.price === price));
  }
});

test("items are published, each with its outcome", async () => {
  const { id, items: [first] } = await collection(sandbox, { live: false });
  const answer = await items.publishItem(id, { itemIds: [first, UNKNOWN] });
  assert.deepEqual(answer.publishedItemIds, [first]);
  assert.deepEqual(answer.errors, [`Staging item ID ${UNKNOWN} not found.`]);
  assert.ok((await items.getItemLive(id, first)).lastPublished);
});

test("items are unpublished and deleted, one and many", async () => {
  const { id, items: [first, second, third] } = await collection(sandbox);
  await items.deleteItemsLive(id, { items: [{ id: second }, { id: third }] });
  assert.equal((await items.listItemsLive(id)).pagination.total, 1);
  await items.deleteItem(id, first);
  await items.deleteItems(id, { items: [{ id: second }] });
  assert.deepEqual((await items.listItems(id)).items.map((one) => one.id), [third]);
});

test("a webhook that is registered is told of a change, and its signature is right", async () => {
  const receiver = createServer().listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const url = `http://127.0.0.1:${receiver.address().port}/`;
  const hook = await client.webhooks.create(SITE, { triggerType: "collection_item_changed", url });
  assert.deepEqual((await client.webhooks.list(SITE)).webhooks.map((one) => one.id), [hook.id]);
  assert.equal((await client.webhooks.get(hook.id)).url, url);
  const told = once(receiver, "request");
  await items.updateItem(PRODUCTS, product(1), { fieldData: { price: 9 } });
  const [request, answer] = await told;
  const body = await text(request);
  answer.end();
  const secret = hook.secretKey;
  assert.ok(await client.webhooks.verifySignature({ headers: request.headers, body, secret }));
  assert.equal(JSON.parse(body).payload.fieldData.price, 9);
  await client.webhooks.delete(hook.id);
  assert.deepEqual((await client.webhooks.list(SITE)).webhooks, []);
  receiver.close();
});

const refused = (type, code) => (error) => {
  assert.ok(error instanceof type && error instanceof WebflowError, String(error));
  assert.equal(error.body.code, code);
  return true;
};

test("a value that does not fit is a BadRequestError that names the field", async () => {
  const change = { fieldData: { price: "much", colour: "red" } };
  await assert.rejects(items.updateItem(PRODUCTS, product(1), change), (error) => {
    const found = error.body.details.map((one) => one.param).sort();
    assert.deepEqual(found, ["colour", "price"]);
    return refused(Webflow.BadRequestError, "validation_error")(error);
  });
});

test("a token that is not valid is an UnauthorizedError", async () => {
  const call = connect("another").sites.list();
  await assert.rejects(call, refused(Webflow.UnauthorizedError, "not_authorized"));
});

test("what does not exist is a NotFoundError", async () => {
  const call = items.getItem(PRODUCTS, UNKNOWN);
  await assert.rejects(call, refused(Webflow.NotFoundError, "resource_not_found"));
});

test("a live update of what was never published is a ConflictError", async () => {
  const { id, items: [first] } = await collection(sandbox, { live: false });
  const call = items.updateItemLive(id, first, { fieldData: { price: 1 } });
  await assert.rejects(call, refused(Webflow.ConflictError, "conflict"));
});

test("a window that is used up is a TooManyRequestsError", async () => {
  await sandbox.control("/token", { token: "spent", valid: true });
  await sandbox.control("/budget", { token: "spent", used: 10_000 });
  const call = connect("spent").collections.get(PRODUCTS);
  await assert.rejects(call, refused(Webflow.TooManyRequestsError, "too_many_requests"));
});

test("a server error is an InternalServerError", async () => {
  await sandbox.control("/faults", { fault: "status", status: 500 });
  const call = client.collections.get(PRODUCTS);
  await assert.rejects(call, refused(Webflow.InternalServerError, "internal_error"));
});
