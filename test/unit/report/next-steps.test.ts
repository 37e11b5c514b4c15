import assert from "node:assert/strict";
import { test } from "node:test";
import type { StartedGuest } from "../../../src/model/started-guest.ts";
import { nextSteps } from "../../../src/report/next-steps.ts";
import { paint } from "../../../src/report/style.ts";

const guest = (name: string, addresses: readonly string[] = [], reachable = true): StartedGuest => ({ name, addresses, reachable });
const text = (guests: readonly StartedGuest[], before: readonly string[] = [], behind: readonly string[] = []) =>
  paint(nextSteps({ guests, before, behind }), false);

test("guests with an address are named with it and can be logged in to", () => {
  assert.equal(
    text([guest("db"), guest("web-0", ["192.168.122.7", "fd00::7"])]),
    `
New guests:
  db     no address yet
  web-0  192.168.122.7, fd00::7

  virtform console db  shows how it boots
  virtform ssh web-0   logs in
  virtform list        shows addresses
`,
  );
});

test("a guest that cannot be reached has no commands that need an address", () => {
  assert.equal(
    text([guest("web", [], false)]),
    `
New guests:
  web  outgoing connections only, or no network

  virtform console web  shows how it boots
`,
  );
});

test("commands reach the configuration that was applied, and of many guests the first are listed", () => {
  const many = text(
    Array.from({ length: 12 }, (_, index) => guest(`web-${index}`)),
    ["-C", "my site"],
    ["prod.yaml", "--var", "a=b c"],
  );
  assert.match(many, /\n {2}web-9 .*\n {2}… and 2 more\n\n/);
  assert.match(many, /\n {2}virtform -C 'my site' console web-0 prod\.yaml --var 'a=b c' {2}shows how it boots\n/);
  assert.equal(text([]), "");
});

test("a container has no console log to be shown", () => {
  const container = { ...guest("box", [], false), silent: true } as const;
  assert.match(text([container]), /outgoing connections only, or no network\n\n {2}virtform list {2}shows addresses\n$/);
  assert.match(text([container, guest("web", [], false)]), /\n {2}virtform console web {2}shows how it boots\n$/);
});
