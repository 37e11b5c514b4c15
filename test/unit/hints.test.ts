import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commands } from "../../src/commands/index.ts";
import { parseInvocation } from "../../src/commands/parse-invocation.ts";
import { shellWord } from "../../src/model/shell-word.ts";

const src = fileURLToPath(new URL("../../src/", import.meta.url));

interface Text {
  readonly file: string;
  readonly text: string;
}

/** All sources without their comments. */
async function sources(): Promise<Text[]> {
  const texts: Text[] = [];
  for await (const file of glob("**/*.{ts,tsx}", { cwd: src })) {
    const text = readFileSync(join(src, file), "utf8");
    texts.push({ file, text: text.replace(/^\s*(?:\/\*\*?|\*|\/\/).*$/gm, "") });
  }
  return texts;
}

/** Commands of ours as a message names them: in backticks, after a colon, in brackets, or as a whole text (examples of help). */
function commandsIn(text: string): string[] {
  const named = /(?:\\?`|"|Usage: |with: |\(|\bRun |\brun )virtform ([a-z][^`"\n]*?)(?:\\?`|"|\\n|\.(?=[\s`"]|$)|,(?=\s)|;|$)/gm;
  return [...text.matchAll(named)].map(([, rest = ""]) => rest.replaceAll(/\$\{[^}]*\}+/g, "X").replace(/[)\\]+$/, ""));
}

/** Words of prose that follow our name where a sentence begins with it. */
const prose =
  /^(?:as|talks|reads|runs|configuration|can|needs|does|did|made|supports|looks|keeps|could|writes|finds|is|has|process|reaches|never)\b/;

test("every command in a hint, an example or a usage exists and can be parsed", async () => {
  const found = (await sources()).flatMap(({ file, text }) => commandsIn(text).map((line) => ({ file, line })));
  const named = found.filter(({ line }) => !prose.test(line));
  assert.ok(named.length > 30, `only ${named.length} commands were found`);
  const wrong: string[] = [];
  for (const { file, line } of named) {
    const [name = "", ...argv] = line.split(/\s+/).filter((word) => word !== "");
    if (["help", "version"].includes(name) || (name === "X" && argv.length > 0)) continue;
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (entry === undefined) {
      wrong.push(`${file}: there is no command ${name} (virtform ${line})`);
      continue;
    }
    try {
      parseInvocation(name, await entry.load(), argv);
    } catch (error) {
      wrong.push(`${file}: virtform ${line}: ${String(error)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every flag that a message names is an option of some command", async () => {
  const options = new Set(["help", "version"]);
  for (const { load } of Object.values(commands)) for (const option of Object.keys((await load()).options)) options.add(option);
  // Rooms that start other programs are full of the flags of those.
  const talking = (await sources()).filter(({ file }) => !/^(?:tools|drivers|host)\//.test(file));
  const wrong = talking.flatMap(({ file, text }) => {
    // Commands of other programs are in backticks, and ours are parsed above.
    const bare = text.replaceAll(/\\`[^`]*\\`/g, "").replaceAll(/`(?:virsh|ceph|rbd|systemctl|journalctl|git|apt)[^`]*`/g, "");
    return [...bare.matchAll(/(?<=["'` (])--([a-z][a-z-]+)/g)].flatMap(([, flag = ""]) =>
      options.has(flag) ? [] : [`${file}: --${flag}`],
    );
  });
  assert.deepEqual(wrong, []);
});

/** What stands in for names of ours, which hold nothing that a shell reads, and for parts that are commands themselves. */
const plain = /^(?:name|names\.join\(" "\)|spec\.name|instance|uuid|user|virsh|network|uri|near|.*\bnetwork\[1\]|network\[1\])$/;

/** libvirt's names may be those of others, in any notation. */
const plainForVirsh = /^(?:uuid|virsh)$/;

test("paths and other people's names in a command are quoted", async () => {
  const wrong = (await sources()).flatMap(({ file, text }) =>
    [...text.matchAll(/\\`([^`\n]*)\\`/g)].flatMap(([, command = ""]) =>
      [...command.matchAll(/\$\{((?:[^{}]|\{[^{}]*\})*)\}/g)]
        .filter(([, value = ""]) => !value.includes("shellWord(") && !(command.startsWith("virsh ") ? plainForVirsh : plain).test(value))
        .map(([value]) => `${file}: ${command}: ${value}`),
    ),
  );
  assert.deepEqual(wrong, []);
});

test("words of a command in a hint can be pasted", () => {
  assert.equal(shellWord("./plans/next.plan"), "./plans/next.plan");
  assert.equal(shellWord("my plan"), "'my plan'");
  assert.equal(shellWord("it's $HOME"), "'it'\\''s $HOME'");
  assert.equal(shellWord(""), "''");
});
