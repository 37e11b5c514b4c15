import assert from "node:assert/strict";
import { test } from "node:test";
import { survey } from "../../../src/commands/survey.ts";
import type { Config } from "../../../src/kinds/config.ts";
import { type KindModule, registerKind } from "../../../src/kinds/index.ts";
import { type Action, defineAction } from "../../../src/model/action.ts";
import { type Address, kindOf } from "../../../src/model/address.ts";
import { existence, exists, factType } from "../../../src/model/fact.ts";
import type { Kind } from "../../../src/model/kind.ts";
import { formatPlan } from "../../../src/report/plan-text.ts";
import { shop } from "../../crash/shop.ts";
import { applied, configOf, createWorld, planOf, runOn, summary } from "../../crash/world.ts";

interface Note {
  readonly text: string;
  readonly size: number;
}

const notes = kindOf<Note>("note");
const gone = factType(notes, "gone");
const directory = "/srv/notes";

const write = defineAction<{ name: string; text: string }>("note.write", [existence(notes)], async ({ host }, { name, text }) => {
  await host.files.makeDirectory(directory);
  await host.files.writeAtomic(`${directory}/${name}`, text);
});
const remove = defineAction<{ name: string }>("note.remove", [gone], ({ host }, { name }) => host.files.remove(`${directory}/${name}`));

function action(address: Address, verb: "write" | "remove", args: Action["args"]): Action {
  const makes = [verb === "write" ? exists(address) : gone(address)];
  return { id: `${address}#${verb}`, type: `note.${verb}`, address, summary: verb, args, needs: [], makes, locks: [], effect: "none" };
}

/** Files with a text, whose names the configuration declares. */
const noteKind: Kind<Config, Note, Note> = {
  name: "note",
  addressKinds: ["note"],
  desired: (config) => {
    const declared = (config as { notes?: Record<string, { text: string; size: number }> }).notes ?? {};
    return Object.entries(declared).map(([name, { text, size }]) => ({ address: notes.at(name), spec: { text, size } }));
  },
  observe: async ({ host }) => {
    const found = await host.files.list(directory);
    const texts = await host.files.readMany(found.map(({ name }) => ({ path: `${directory}/${name}` })));
    const states = found.map(({ name }, index): [Address, Note] => [
      notes.at(name),
      { text: texts[index]?.toString("utf8") ?? "", size: texts[index]?.length ?? 0 },
    ]);
    return {
      states: new Map(states),
      unmanaged: [
        { what: "pamphlet", name: "one" },
        { what: "pamphlet", name: "two" },
      ],
      diagnostics: [],
      complete: true,
    };
  },
  diff: (address, want, have) => {
    if (want?.text === have?.text) return undefined;
    const name = address.slice("note/".length);
    const common = { address, cause: "config" as const, reason: "the text differs", before: have?.text ?? null, after: want?.text ?? null };
    if (want === undefined)
      return {
        ...common,
        verb: "delete",
        fields: [{ path: "text", old: have?.text ?? "" }],
        actions: [action(address, "remove", { name })],
      };
    const fields = [
      { path: "text", ...(have === undefined ? {} : { old: have.text }), new: want.text },
      { path: "size", new: want.size },
    ];
    return {
      ...common,
      verb: have === undefined ? "create" : "update",
      fields,
      actions: [action(address, "write", { name, text: want.text })],
    };
  },
  describe: ({ text }) => ({ text }),
  actions: [write, remove],
};

const notesModule: KindModule = {
  name: "note",
  section: {
    key: "notes",
    schema: {
      type: "object",
      description: "Notes by name.",
      additionalProperties: {
        type: "object",
        description: "One note.",
        additionalProperties: false,
        required: ["text", "size"],
        properties: {
          text: { type: "string", description: "Its text." },
          size: { type: "string", description: "A size.", quantity: {} },
        },
      },
    },
  },
  present: {
    note: { sizes: new Set(["size"]), instanceOf: (name) => name.split(".")[0] ?? "" },
    pamphlet: { noun: ["pamphlet", "pamphlets (paper)"] },
  },
  create: () => noteKind,
};

const yaml = (text: string) => `${shop({ instances: ["web"] })}notes:\n  web.first: { text: ${text}, size: 2GiB }\n`;

test("a registered kind passes schema, plan, target, apply and show", async () => {
  using _kind = registerKind(notesModule);
  const machine = createWorld();

  const text = formatPlan(await planOf(await runOn(machine.boot(), yaml("hello"))), { color: false });
  assert.match(text, /\+ note\/web\.first will be created: the text differs\n(.*\n)?.*text +hello\n.*size +2GiB\n/);
  assert.match(text, /2 pamphlets \(paper\)/);

  const targeted = await planOf(await runOn(machine.boot(), yaml("hello"), { targets: ["note/web.first"] }));
  assert.deepEqual(summary(targeted), ["create note/web.first: the text differs"]);
  const ofWeb = await planOf(await runOn(machine.boot(), yaml("hello"), { targets: ["web"] }));
  assert.ok(ofWeb.changes.some(({ address }) => address === "note/web.first"));

  await applied(machine, yaml("hello"));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("hello")))), []);
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), yaml("bye")))), ["update note/web.first: the text differs"]);

  const run = await runOn(machine.boot(), yaml("hello"));
  const { objects } = await survey(run, { event: () => undefined });
  assert.deepEqual(
    objects.filter(({ address }) => address.startsWith("note/")),
    [{ address: "note/web.first", state: { text: "hello" } }],
  );
  await run.context.host.close();

  await applied(machine, shop({ instances: ["web"] }));
  assert.deepEqual(summary(await planOf(await runOn(machine.boot(), shop({ instances: ["web"] })))), []);
});

test("without the registration its section is unknown", async () => {
  const registered = registerKind(notesModule);
  assert.throws(() => registerKind(notesModule), /exists already/);
  registered[Symbol.dispose]();
  await assert.rejects(configOf(yaml("unregistered")), /notes/);
});
