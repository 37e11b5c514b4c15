import assert from "node:assert/strict";
import { chmodSync, closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { createLocalHost } from "../../../src/host/local/local.ts";
import { CommandError, UnreachableError, UserError } from "../../../src/model/errors.ts";
import {
  cephCluster,
  cephPools,
  createRbd,
  createRbdSnapshot,
  exportRbd,
  importRbd,
  type Rbd,
  rbdImage,
  rbdImages,
  rbdInfo,
  rbdNames,
  removeRbd,
  removeRbdSnapshot,
  renameRbd,
} from "../../../src/tools/rbd/rbd.ts";
import { askRbd } from "../../../src/tools/rbd/session.ts";
import { type Ceph, startCeph } from "../../support/ceph.ts";
import { temporary } from "../kinds/image/images.ts";

const mebibyte = 2 ** 20;
let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["vms"]);
});
after(() => ceph?.stop());

type Started = Parameters<ReturnType<typeof createLocalHost>["open"]>[0];

function session(t: TestContext, given: { conf?: string; python?: string; change?: (command: Started) => Started } = {}) {
  const { conf = ceph.conf, python, change = (command) => command } = given;
  const host = createLocalHost();
  const started: string[] = [];
  const interrupt = new AbortController();
  const open: typeof host.open = (command) => {
    started.push(command.program);
    return host.open(change(command));
  };
  t.after(() => host.close());
  if (python !== undefined) process.env["VIRTFORM_PYTHON"] = python;
  t.after(() => delete process.env["VIRTFORM_PYTHON"]);
  const rbd: Rbd = { context: { host: { ...host, open }, signal: interrupt.signal }, access: { conf, user: null } };
  return { rbd, host, started, interrupt };
}

/** A program in the place of Python. */
function script(t: TestContext, text: string): string {
  const path = join(temporary(t), "python3");
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;

test("one process answers everything, many questions at once, and what is written comes back as it was", async (t) => {
  const { rbd, started } = session(t);
  const [cluster, pools] = await Promise.all([cephCluster(rbd), cephPools(rbd)]);
  assert.deepEqual(cluster, { fsid: ceph.fsid, monitors: [ceph.monitor] });
  assert.ok(pools.includes("vms"));
  const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  const odd = "ünïcode \n \"quoted\" {'single'} \u{1f600}";
  await Promise.all(names.map((image) => createRbd(rbd, { pool: "vms", image }, mebibyte, { metadata: [["key", odd]] })));
  const found = await rbdImages(rbd, "vms", [...names, "absent"]);
  assert.deepEqual([...found.keys()], names);
  for (const image of found.values()) assert.deepEqual([image.size, image.metadata["key"], image.snapshots], [mebibyte, odd, {}]);
  const [first] = names;
  const name = { pool: "vms", image: first ?? "" };
  await createRbdSnapshot(rbd, { ...name, snapshot: "earlier" });
  await createRbdSnapshot(rbd, { ...name, snapshot: "earlier" });
  assert.deepEqual((await rbdImage(rbd, name))?.snapshots, { earlier: mebibyte });
  assert.equal((await rbdInfo(rbd, { ...name, snapshot: "earlier" }))?.protected, false);
  assert.equal(await rbdInfo(rbd, { ...name, snapshot: "other" }), undefined);
  await removeRbdSnapshot(rbd, { ...name, snapshot: "earlier" });
  await removeRbdSnapshot(rbd, { ...name, snapshot: "earlier" });
  // A refusal is in Ceph's words, and the session goes on.
  const taken = renameRbd(rbd, name, { pool: "vms", image: names[1] ?? "" });
  await assert.rejects(taken, (error) => error instanceof CommandError && /rbd rename vms\/many-0 vms\/many-1 failed/.test(error.message));
  await Promise.all(names.map((image) => removeRbd(rbd, { pool: "vms", image })));
  assert.equal(await removeRbd(rbd, name), "gone");
  assert.deepEqual(await rbdNames(rbd, "vms"), []);
  assert.deepEqual(started, ["/usr/bin/python3"]);
});

test("an import keeps holes and every byte, an export too, at sizes that are no multiple of anything", async (t) => {
  const { rbd } = session(t);
  const directory = temporary(t);
  const [from, to] = [join(directory, "from"), join(directory, "to")];
  const file = openSync(from, "w");
  const size = 37 * mebibyte + 12345;
  ftruncateSync(file, size);
  for (const at of [0, 3 * mebibyte + 77, 8 * mebibyte - 100, 20 * mebibyte, size - 5])
    writeSync(file, Buffer.alloc(at === 0 ? 9 : 300, "x").subarray(0, size - at), 0, null, at);
  writeSync(file, Buffer.alloc(4 * mebibyte), 0, null, 24 * mebibyte);
  closeSync(file);
  const name = { pool: "vms", image: "sparse" };
  await importRbd(rbd, from, name, { size: 40 * mebibyte });
  assert.equal((await rbdImage(rbd, name))?.size, 40 * mebibyte);
  const used = JSON.parse(await ceph.run("rbd", "du", "vms/sparse", "--format", "json")).images[0].used_size;
  assert.ok(used <= 7 * 4 * mebibyte, `${used} bytes are taken, zeros among them`);
  await createRbdSnapshot(rbd, { ...name, snapshot: "s" });
  await exportRbd(rbd, { ...name, snapshot: "s" }, to, () => {});
  const [want, have] = [readFileSync(from), readFileSync(to)];
  assert.equal(have.length, 40 * mebibyte);
  assert.ok(have.subarray(0, size).equals(want));
  assert.ok(have.subarray(size).every((byte) => byte === 0));
  // What is in the way is never written over.
  await assert.rejects(
    exportRbd(rbd, { ...name, snapshot: "s" }, to, () => {}),
    /File exists/,
  );
  await removeRbdSnapshot(rbd, { ...name, snapshot: "s" });
  await removeRbd(rbd, name);
});

test("an interrupt stops an import in the middle", async (t) => {
  const { rbd, interrupt } = session(t);
  const path = join(temporary(t), "large");
  const file = openSync(path, "w");
  for (let at = 0; at < 400; at += 1) writeSync(file, Buffer.alloc(mebibyte, at + 1));
  closeSync(file);
  const name = { pool: "vms", image: "stopped" };
  const importing = importRbd(rbd, path, name, { onFraction: () => interrupt.abort() });
  await assert.rejects(importing, (error) => error instanceof CommandError && error.reason === "aborted");
  await assert.rejects(rbdNames(rbd, "vms"), (error) => error instanceof CommandError && error.reason === "aborted");
  const other = session(t).rbd;
  assert.equal(await removeRbd(other, name), "gone", "it is closed, and nothing waits for it");
});

test("missing Python bindings and a missing Python are named with their packages", async (t) => {
  const without = session(t, { python: script(t, '#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n') });
  await assert.rejects(rbdNames(without.rbd, "vms"), (error) => {
    assert.ok(code("ceph-missing")(error));
    assert.match((error as UserError).diagnostics[0]?.detail ?? "", /No module named 'rados'.*apt install python3-rbd/);
    return true;
  });
  const none = session(t, { python: "/nowhere/python3" });
  await assert.rejects(rbdNames(none.rbd, "vms"), (error) => {
    assert.ok(code("ceph-missing")(error));
    assert.match((error as UserError).diagnostics[0]?.detail ?? "", /there is no \/nowhere\/python3/);
    return true;
  });
});

test("a process that ends or hangs is no answer, and the next question gets another one", async (t) => {
  const mark = join(temporary(t), "mark");
  const dies = script(
    t,
    `#!/bin/sh\nif [ ! -e ${mark} ]; then touch ${mark}; read line; echo "no memory" >&2; exit 9; fi\nexec /usr/bin/python3 "$@"\n`,
  );
  const { rbd } = session(t, { python: dies });
  const both = await Promise.allSettled([rbdNames(rbd, "vms"), rbdInfo(rbd, { pool: "vms", image: "any" })]);
  for (const one of both) {
    assert.equal(one.status, "rejected");
    assert.ok(one.reason instanceof UnreachableError);
    assert.match(one.reason.message, /ended before it answered \(no memory\)/);
  }
  assert.deepEqual(await rbdNames(rbd, "vms"), []);

  const hangs = session(t, { python: script(t, "#!/bin/sh\nexec sleep 600\n") });
  const late = askRbd(hangs.rbd, "names", { pool_name: "vms" }, { what: "list vms", timeoutMs: 500 });
  await assert.rejects(
    late,
    (error) => error instanceof UnreachableError && /did not answer .* within 0\.5 s: rbd list vms/.test(error.message),
  );
});

test("a session that hears nothing any more ends by itself, where it was told so", async (t) => {
  let ended = Promise.resolve<{ readonly exitCode: number | undefined }>({ exitCode: undefined });
  const { rbd, host, started } = session(t, { change: (command) => ({ ...command, args: [...command.args.slice(0, -1), "1"] }) });
  const open = rbd.context.host.open;
  const watched: Rbd = {
    ...rbd,
    context: {
      ...rbd.context,
      host: {
        ...host,
        open: (command) => {
          const conversation = open(command);
          ended = conversation.ended;
          return conversation;
        },
      },
    },
  };
  await rbdNames(watched, "vms");
  assert.deepEqual(await ended, { exitCode: 0 });
  await rbdNames(watched, "vms");
  assert.equal(started.length, 2);
});

test("a monitor that says nothing, no monitor at all, and no such pool are no answers about an image", async (t) => {
  const silent = createServer(() => {});
  const port = await new Promise<number>((resolve) => {
    silent.listen(0, "127.0.0.1", () => resolve((silent.address() as { port: number }).port));
  });
  t.after(() => silent.close());
  const directory = temporary(t);
  const confOf = (name: string, host: string) => {
    const path = join(directory, name);
    writeFileSync(path, `[global]\nmon host = ${host}\nauth client required = none\n`);
    return path;
  };
  const confs = [confOf("silent.conf", `v1:127.0.0.1:${port}`), confOf("gone.conf", "v1:127.0.0.1:1"), join(directory, "no.conf")];
  await Promise.all(
    confs.map(async (conf) => {
      // Asked for many things it is waited for once.
      const { rbd, started } = session(t, { conf });
      for (const one of await Promise.allSettled([rbdInfo(rbd, { pool: "vms", image: "any" }), rbdNames(rbd, "vms"), cephPools(rbd)])) {
        assert.equal(one.status, "rejected");
        assert.ok(one.reason instanceof UnreachableError);
        assert.match(one.reason.message, /Ceph does not answer this machine/);
      }
      assert.equal(started.length, 1);
    }),
  );
  await assert.rejects(rbdInfo(session(t).rbd, { pool: "none", image: "any" }), UnreachableError);
});
