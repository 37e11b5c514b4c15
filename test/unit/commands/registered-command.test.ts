import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommandDefinition, colorOptions } from "../../../src/commands/command.ts";
import { registerCommand } from "../../../src/commands/index.ts";
import { runMain } from "./run-main.ts";

const greet: CommandDefinition = {
  summary: "Greet a person",
  usage: "NAME [options]",
  description: "Greets by name.",
  options: { ...colorOptions, loud: { type: "boolean", short: "l", help: "Use capital letters." } },
  examples: [["virtform greet web", "Greets web."]],
  async run({ positionals, flag }, io) {
    const text = `hello ${positionals.join(" and ")}`;
    io.stdout.write(`${flag("loud") ? text.toUpperCase() : text}\n`);
    return 3;
  },
};

test("a registered command is run, described and completed", async (t) => {
  {
    using _command = registerCommand("greet", { summary: greet.summary, load: async () => greet });
    assert.throws(() => registerCommand("greet", { summary: "", load: async () => greet }), TypeError);
    assert.deepEqual(await runMain(t, ["greet", "web", "db", "-l"], {}), { code: 3, stdout: "HELLO WEB AND DB\n", stderr: "" });
    assert.match((await runMain(t, ["--help"], {})).stdout, /^ +greet +Greet a person$/m);
    assert.match((await runMain(t, ["greet", "--help"], {})).stdout, /--loud[^\n]*Use capital letters/);
    assert.match((await runMain(t, ["__complete", "gre"], {})).stdout, /^greet\b/);
    const wrong = await runMain(t, ["greet", "--laud"], {});
    assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
    assert.match(wrong.stderr, /--loud/);
  }
  const gone = await runMain(t, ["greet"], {});
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /greet/);
});
