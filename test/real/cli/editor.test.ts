import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { checkout, virtform } from "./support/virtform.ts";

const server = "yaml-language-server@1.18.0";

/** What an editor asks of the language server for YAML, in messages of the Language Server Protocol. */
interface Editor {
  readonly open: (file: string, text: string) => Promise<readonly { readonly message: string }[]>;
  readonly complete: (file: string, text: string, line: number, character: number) => Promise<string[]>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly uri?: string; readonly diagnostics?: readonly { readonly message: string }[]; readonly items?: unknown[] };
  readonly result?: { readonly items?: readonly { readonly label: string }[] } | null;
}

async function startEditor(t: TestContext): Promise<Editor> {
  const child = spawn("npx", ["--yes", "-p", server, "yaml-language-server", "--stdio"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  t.after(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  const heard = listen(child);
  let id = 0;
  const say = (message: object) => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  };
  const request = async (method: string, params: object) => {
    const mine = ++id;
    say({ id: mine, method, params });
    return (await heard(({ id, method }) => id === mine && method === undefined, say)).result;
  };
  await request("initialize", { processId: null, rootUri: null, capabilities: { textDocument: { completion: {} } } });
  say({ method: "initialized", params: {} });
  const uriOf = (file: string) => pathToFileURL(file).href;
  let version = 0;
  const open = async (file: string, text: string) => {
    const [uri, which] = [uriOf(file), ++version];
    say({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: which, text } } });
    const { params } = await heard(({ method, params }) => method === "textDocument/publishDiagnostics" && params?.uri === uri, say);
    return params?.diagnostics ?? [];
  };
  return {
    open,
    async complete(file, text, line, character) {
      await open(file, text);
      const result = await request("textDocument/completion", { textDocument: { uri: uriOf(file) }, position: { line, character } });
      return (result?.items ?? []).map(({ label }) => label);
    },
  };
}

/** Waits for a message, and answers the server's own questions in between. */
function listen(child: ChildProcess) {
  let rest = Buffer.alloc(0);
  const messages: Message[] = [];
  let wake = () => {};
  child.stdout?.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(rest.subarray(0, Math.max(0, head)).toString())?.[1]);
      if (head === -1 || rest.length < head + 4 + length) break;
      messages.push(JSON.parse(rest.subarray(head + 4, head + 4 + length).toString()));
      rest = rest.subarray(head + 4 + length);
    }
    wake();
  });
  return async (wanted: (message: Message) => boolean, say: (message: object) => void): Promise<Message> => {
    const deadline = AbortSignal.timeout(90_000);
    for (;;) {
      while (messages.length > 0) {
        const message = messages.shift() as Message;
        if (wanted(message)) return message;
        if (message.method !== undefined && message.id !== undefined) {
          const settings = { yaml: { validate: true, completion: true, schemaStore: { enable: false } } };
          const answer = message.method === "workspace/configuration" ? (message.params?.items ?? []).map(() => settings.yaml) : null;
          say({ id: message.id, result: answer });
        }
      }
      assert.ok(!deadline.aborted, "the language server did not answer");
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
  };
}

test("editors complete the names of a configuration with the schema that was written for it", async (t) => {
  const directory = await temporaryDirectory(t);
  await cp(join(checkout, "examples/environments"), directory, { recursive: true });
  const { code, stdout, stderr } = await virtform(["schema", "--for-project"], { cwd: directory });
  assert.deepEqual([code, stderr], [0, ""]);
  const [line = ""] = /# yaml-language-server: .*/.exec(stdout) ?? [];
  assert.equal(line, "# yaml-language-server: $schema=.virtform/config.schema.json");

  const editor = await startEditor(t);
  const file = join(directory, "virtform.yaml");
  const whole = `${line}\n${await readFile(file, "utf8")}`;
  assert.deepEqual(await editor.open(file, whole), []);
  const added = `${line}
project: x
instances:
  more:
    image: 
`;
  const offered = await editor.complete(join(directory, "more.virtform.yaml"), added, 4, 11);
  const declared = /^images:\n {2}([a-z0-9-]+):/m.exec(whole)?.[1] ?? "";
  assert.ok(offered.includes(declared), offered.join(", "));
  assert.ok(!offered.includes("debian-13"), "the example of the schema is not offered");
});
