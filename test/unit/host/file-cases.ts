import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import type { Files } from "../../../src/model/host.ts";
import { testDirectory } from "./directory.ts";

const refusal = (code: string) => (error: unknown) => error instanceof RefusedError && error.code === code;
const problem = (code: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === code;

const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** What the files of every machine have to do, as tests. The directories are looked at from here, so the machine has to be this one. */
export function fileCases(machine: string, files: Files): void {
  test(`${machine}: a file is read whole, in part, beyond its end, and not at all`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "0123456789");
    assert.equal((await files.read(`${directory}/a`))?.toString(), "0123456789");
    assert.equal((await files.read(`${directory}/a`, { offset: 2, length: 3 }))?.toString(), "234");
    assert.equal((await files.read(`${directory}/a`, { offset: 8, length: 2 ** 40 }))?.toString(), "89");
    assert.equal((await files.read(`${directory}/a`, { offset: 20, length: 3 }))?.length, 0);
    assert.equal(await files.read(`${directory}/none`), undefined);
    assert.equal(await files.read(`${directory}/a/below`), undefined);
  });

  test(`${machine}: a file of the kernel's that claims to be empty is read to its end`, async () => {
    assert.match((await files.read("/proc/self/status"))?.toString() ?? "", /^Pid:\t\d+$/m);
    assert.match((await files.read("/proc/self/status", { offset: 0, length: 2 ** 40 }))?.toString() ?? "", /^Pid:\t\d+$/m);
    assert.equal((await files.read("/proc/self/status", { offset: 0, length: 5 }))?.toString(), "Name:");
    const [arp, routes] = await files.readMany([
      { path: "/proc/net/arp", length: 11 },
      { path: "/proc/net/route", length: 2 ** 20 },
    ]);
    assert.equal(arp?.toString(), "IP address ");
    assert.match(routes?.toString() ?? "", /^Iface\tDestination\t/);
  });

  test(`${machine}: digesting a file stops when that is asked for`, async (context) => {
    const directory = await testDirectory(context);
    const path = `${directory}/large`;
    const size = 4 * 2 ** 30;
    writeFileSync(path, "");
    await files.truncate(path, size);
    const stopping = new AbortController();
    let read = 0;
    const onProgress = (done: number) => {
      read = done;
      stopping.abort();
    };
    await assert.rejects(files.digest(path, ["sha512"], onProgress, stopping.signal), (error: unknown) => {
      assert.ok(problem("interrupted")(error));
      assert.equal((error as UserError).diagnostics[0]?.summary, `Reading ${path} was stopped`);
      return true;
    });
    assert.ok(read > 0 && read < size / 2, `${read} bytes were read`);
  });

  test(`${machine}: links, directories, pipes and devices are not read as if they were files`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/secret`, "of the host");
    symlinkSync(`${directory}/secret`, `${directory}/link`);
    execFileSync("mkfifo", [`${directory}/pipe`]);
    await assert.rejects(files.read(`${directory}/link`), refusal("symbolic-link"));
    await assert.rejects(files.read(directory), refusal("not-a-regular-file"));
    await assert.rejects(files.read(`${directory}/pipe`), refusal("not-a-regular-file"));
    await assert.rejects(files.read("/dev/null"), refusal("not-a-regular-file"));
    await assert.rejects(files.digest(`${directory}/link`, ["sha256"]), refusal("symbolic-link"));
    await assert.rejects(files.copy(`${directory}/link`, `${directory}/copy`), refusal("symbolic-link"));
    await assert.rejects(files.truncate(`${directory}/link`, 0), refusal("symbolic-link"));
    await assert.rejects(files.setMode(`${directory}/link`, 0o777), refusal("symbolic-link"));
    await assert.rejects(files.setOwner(`${directory}/link`, own), refusal("symbolic-link"));
    await assert.rejects(files.appendLines(`${directory}/link`, ["x"]), refusal("symbolic-link"));
    assert.equal(readFileSync(`${directory}/secret`, "utf8"), "of the host");
  });

  test(`${machine}: a log is rotated, and the oldest dropped`, async (context) => {
    const directory = await testDirectory(context);
    const log = `${directory}/console.log`;
    const rotate = () =>
      files.change([
        { do: "rotate", path: log, keep: 2 },
        { do: "makeFile", path: log, mode: 0o600 },
      ]);
    await rotate();
    assert.deepEqual(readdirSync(directory), ["console.log"], "an absent log");
    await rotate();
    assert.deepEqual(readdirSync(directory), ["console.log"], "an empty log");
    for (const boot of ["first", "second", "third"]) {
      writeFileSync(log, boot);
      await rotate();
    }
    assert.deepEqual(readdirSync(directory).sort(), ["console.log", "console.log.previous-1", "console.log.previous-2"]);
    assert.deepEqual(
      ["", ".previous-1", ".previous-2"].map((ending) => readFileSync(`${log}${ending}`, "utf8")),
      ["", "third", "second"],
    );
    assert.equal(statSync(log).mode & 0o777, 0o600);
  });

  test(`${machine}: all names of one file lead to the same object, and no other file does`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "abc");
    writeFileSync(`${directory}/b`, "abc");
    linkSync(`${directory}/a`, `${directory}/hard`);
    symlinkSync(`${directory}/a`, `${directory}/soft`);
    symlinkSync(directory, `${directory}/around`);
    symlinkSync(`${directory}/none`, `${directory}/nowhere`);
    const names = ["a", "hard", "soft", "around/a", "b", "none", "nowhere", "a/below"].map((name) => `${directory}/${name}`);
    const [a, hard, soft, around, b, ...missing] = await files.identify(names);
    assert.match(a?.id ?? "", /^\d+:\d+$/);
    assert.deepEqual([hard?.id, soft?.id, around?.id], [a?.id, a?.id, a?.id]);
    assert.deepEqual([soft?.path, around?.path], [a?.path, a?.path]);
    assert.notEqual(b?.id, a?.id);
    assert.deepEqual(missing, [undefined, undefined, undefined]);
    assert.match((await files.identify(["/dev/null"]))[0]?.id ?? "", /^node:\d+$/);
  });

  test(`${machine}: of many files each odd one is as if absent`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "abc");
    symlinkSync(`${directory}/a`, `${directory}/link`);
    const names = ["a", "none", "link", "."].map((name) => `${directory}/${name}`);
    const contents = await files.readMany(names.map((path) => ({ path, length: 2 })));
    assert.deepEqual(
      contents.map((content) => content?.toString()),
      ["ab", undefined, undefined, undefined],
    );
    assert.deepEqual(
      (await files.statMany(names)).map((stat) => stat?.type),
      ["file", undefined, "symlink", "directory"],
    );
  });

  test(`${machine}: a file that has the wanted length is not touched, so that no file system takes it for one that was emptied`, async (context) => {
    const path = `${await testDirectory(context)}/file`;
    writeFileSync(path, "content");
    utimesSync(path, 1000, 1000);
    await files.truncate(path, 7);
    assert.equal(statSync(path).mtimeMs, 1_000_000);
    await files.truncate(path, 3);
    assert.equal(readFileSync(path, "utf8"), "con");
    assert.notEqual(statSync(path).mtimeMs, 1_000_000);
  });

  test(`${machine}: a stat tells size and allocation in bytes`, async (context) => {
    const directory = await testDirectory(context);
    await files.truncate(`${directory}/sparse`, 10 * 2 ** 20);
    linkSync(`${directory}/sparse`, `${directory}/second`);
    chmodSync(`${directory}/sparse`, 0o640);
    const stat = await files.stat(`${directory}/sparse`);
    assert.deepEqual([stat?.size, stat?.allocated, stat?.mode, stat?.links], [10 * 2 ** 20, 0, 0o640, 2]);
  });

  test(`${machine}: a file has the owner that it is given`, async (context) => {
    const path = `${await testDirectory(context)}/file`;
    writeFileSync(path, "");
    // Only root can give files away.
    const owner = own.uid === 0 ? { uid: 1234, gid: 2345 } : own;
    await files.setOwner(path, owner);
    const stat = await files.stat(path);
    assert.deepEqual({ uid: stat?.uid, gid: stat?.gid }, owner);
  });

  test(`${machine}: a directory is listed by name; one that is absent is empty, a file is an error`, async (context) => {
    const directory = await testDirectory(context);
    for (const name of ["b", "a"]) writeFileSync(`${directory}/${name}`, "");
    mkdirSync(`${directory}/c`);
    assert.deepEqual(await files.list(directory), [
      { name: "a", type: "file" },
      { name: "b", type: "file" },
      { name: "c", type: "directory" },
    ]);
    assert.deepEqual(await files.list(`${directory}/none`), []);
    await assert.rejects(files.list(`${directory}/a`), problem("not-a-directory"));
  });

  test(`${machine}: directories are made with their parents, and modes do not depend on the umask`, async (context) => {
    const directory = await testDirectory(context);
    const before = process.umask(0o077);
    try {
      await files.makeDirectory(`${directory}/a/b/c`, 0o711);
      await files.makeDirectory(`${directory}/a/b/c`);
      await files.writeAtomic(`${directory}/a/file`, "x");
      await files.writeAtomic(`${directory}/a/private`, "x", 0o600);
    } finally {
      process.umask(before);
    }
    const modes = ["a", "a/b", "a/b/c", "a/file", "a/private"].map((name) => statSync(`${directory}/${name}`).mode & 0o777);
    assert.deepEqual(modes, [0o755, 0o755, 0o711, 0o644, 0o600]);
    await assert.rejects(files.makeDirectory(`${directory}/a/file/below`), problem("not-a-directory"));
  });

  test(`${machine}: publishing moves a file to its final name with its final mode, and a directory too`, async (context) => {
    const directory = await testDirectory(context);
    await files.makeDirectory(`${directory}/final`);
    writeFileSync(`${directory}/x.part`, "whole");
    await files.publish(`${directory}/x.part`, `${directory}/final/x`, 0o444);
    assert.equal(statSync(`${directory}/final/x`).mode & 0o777, 0o444);
    assert.equal(existsSync(`${directory}/x.part`), false);
    await files.publish(`${directory}/final`, `${directory}/final_del`, 0o700);
    assert.deepEqual(readdirSync(directory), ["final_del"]);
    await assert.rejects(files.publish(`${directory}/none`, `${directory}/x`, 0o444), problem("no-such-file"));
  });

  test(`${machine}: directories reached through a link work as any other`, async (context) => {
    const directory = await testDirectory(context);
    mkdirSync(`${directory}/real`);
    symlinkSync(`${directory}/real`, `${directory}/link`);
    await files.writeAtomic(`${directory}/link/a`, "x");
    await files.makeDirectory(`${directory}/link/b`);
    assert.deepEqual(readdirSync(`${directory}/real`), ["a", "b"]);
  });

  test(`${machine}: a second name is fine where it already is, and refused where something else is`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "a");
    writeFileSync(`${directory}/other`, "a");
    await files.link(`${directory}/a`, `${directory}/b`);
    await files.link(`${directory}/a`, `${directory}/b`);
    assert.equal(statSync(`${directory}/a`).ino, statSync(`${directory}/b`).ino);
    await assert.rejects(files.link(`${directory}/a`, `${directory}/other`), problem("file-in-the-way"));
  });

  test(`${machine}: removing twice is fine, and removing a tree spares what its links lead to`, async (context) => {
    const directory = await testDirectory(context);
    mkdirSync(`${directory}/tree/deep`, { recursive: true });
    writeFileSync(`${directory}/kept`, "x");
    symlinkSync(`${directory}/kept`, `${directory}/tree/deep/link`);
    for (const _ of [1, 2]) await files.removeTree(`${directory}/tree`);
    assert.deepEqual(readdirSync(directory), ["kept"]);
    // Nothing is below a file.
    await files.remove(`${directory}/kept/below`);
    for (const _ of [1, 2]) await files.remove(`${directory}/kept`);
    // A link is removed and not what it leads to, of any length.
    writeFileSync(`${directory}/large`, "");
    truncateSync(`${directory}/large`, 100 * 2 ** 20);
    symlinkSync(`${directory}/large`, `${directory}/link`);
    await files.change([{ do: "remove", path: `${directory}/link` }]);
    assert.deepEqual(readdirSync(directory), ["large"]);
    for (const _ of [1, 2]) await files.change([{ do: "remove", path: `${directory}/large` }]);
    assert.deepEqual(readdirSync(directory), []);
  });

  test(`${machine}: touching sets the time, and a file that is absent is an error`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "");
    utimesSync(`${directory}/a`, 1, 1);
    await files.touch(`${directory}/a`);
    assert.ok(Date.now() - lstatSync(`${directory}/a`).mtimeMs < 60_000);
    await assert.rejects(files.touch(`${directory}/none`), problem("no-such-file"));
  });

  test(`${machine}: lengthening a file keeps its content and adds a hole`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "abc");
    await files.truncate(`${directory}/a`, 2 ** 30);
    const stat = statSync(`${directory}/a`);
    assert.ok(stat.size === 2 ** 30 && stat.blocks * 512 <= 4096);
    assert.equal((await files.read(`${directory}/a`, { offset: 0, length: 4 }))?.toString(), "abc\0");
  });

  test(`${machine}: a torn last line spoils only itself`, async (context) => {
    const directory = await testDirectory(context);
    await files.appendLines(`${directory}/journal`, ["one"]);
    writeFileSync(`${directory}/journal`, '{"tor', { flag: "a" });
    await files.appendLines(`${directory}/journal`, ["two"]);
    await files.appendLines(`${directory}/journal`, ["three"]);
    assert.equal(readFileSync(`${directory}/journal`, "utf8"), 'one\n{"tor\ntwo\nthree\n');
  });

  test(`${machine}: space is that of the nearest existing parent`, async (context) => {
    const directory = await testDirectory(context);
    const here = await files.space(directory);
    const below = await files.space(`${directory}/none/at/all`);
    assert.equal(below.total, here.total);
    assert.ok(here.total > 0 && here.free > 0 && here.free <= here.total);
    const reported = execFileSync("df", ["-B1", "--output=size", directory], { encoding: "utf8" }).split("\n")[1];
    assert.equal(here.total, Number(reported));
  });

  test(`${machine}: space says which filesystem it is of`, async (context) => {
    for (const path of [await testDirectory(context), "/dev/shm", "/proc"]) {
      const type = execFileSync("stat", ["-f", "-c", "%t", path], { encoding: "utf8" });
      assert.equal((await files.space(path)).filesystem, Number.parseInt(type, 16), path);
    }
  });

  test(`${machine}: problems say what was tried, where, and what to do`, async (context) => {
    const directory = await testDirectory(context);
    await assert.rejects(files.writeAtomic(`${directory}/none/a`, "x"), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.diagnostics[0]?.summary, `Cannot write ${directory}/none/a: it does not exist`);
      assert.equal(error.diagnostics[0]?.detail, "Check the path.");
      return true;
    });
  });
}
