// A sandbox as a process of its own, on a free port, for the tests of one file.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export const TOKEN = "npm-token";
export const SITE = "65e000000000000000000002";
export const PRODUCTS = "65f000000000000000000001";
export const UNKNOWN = "65f099999999999999999999";

/** The id of the n-th product: its sku is P- and four digits. */
export const product = (n) => `65f1${n.toString(16).padStart(20, "0")}`;

/** Start `instep sandbox`; INSTEP names the command. Ends with `stop`. */
export async function start() {
  const options = ["--bind", "127.0.0.1:0", "--token", TOKEN, "--products", "120"];
  const limit = ["--requests-per-minute", "10000"];
  const child = spawn(process.env.INSTEP ?? "instep", ["sandbox", ...options, ...limit], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line"), once(child, "exit")]);
  if (!String(line).startsWith("sandbox http")) throw new Error(`no sandbox: ${line}`);
  const url = line.split(" ")[1];
  return {
    url,
    control: (path, body) => control(`${url}/_sandbox${path}`, body),
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

async function control(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Make a collection of three items of its own for one test; its ids. */
let made = 0;
export async function collection(sandbox, more = {}) {
  made += 1;
  const fields = [
    { slug: "price", type: "Number", displayName: "Price" },
    { slug: "in-stock", type: "Switch", displayName: "In stock" },
  ];
  const order = { name: `Shelf ${made}`, slug: `shelf-${made}`, fields, items: 3, ...more };
  const { id, items } = await sandbox.control("/collections", order);
  return { id, items };
}
