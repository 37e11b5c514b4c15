import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** What happens once, at a moment of a session with Ceph. */
export interface PythonFailure {
  /** Python over `op` and `args` of an operation: before which one. */
  readonly before?: string;
  /** Python over the name `image`: in the middle of which import instead, when some of it is written and some is not. */
  readonly halfway?: string;
  /** Python: `kill()` ends virtform with -9, `die()` the session. */
  readonly act: string;
}

/** A Python for VIRTFORM_PYTHON that does so, and tells whether it came to that. */
export function failingPython(
  t: Pick<TestContext, "after">,
  failure: PythonFailure,
): { readonly program: string; readonly done: () => boolean } {
  const directory = mkdtempSync(join(tmpdir(), "virtform-python-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, "python3");
  const mark = join(directory, "done");
  // It becomes the real one, so that virtform stays its parent.
  writeFileSync(
    program,
    `#!/usr/bin/python3 -I
import os, sys

prelude = r'''
import os, signal
def kill(): os.kill(os.getppid(), signal.SIGKILL)
def die(): os.kill(os.getpid(), signal.SIGKILL)
def failure():
    try: os.mkdir("${mark}")
    except FileExistsError: return
    ${failure.act}
def before(op, args):
    if ${failure.before ?? "False"}: failure()
writes = 0
def halfway(image):
    global writes
    if ${failure.halfway ?? "False"}:
        writes += 1
        if writes == 2: failure()
'''
args = sys.argv[1:]
if args[:2] == ["-I", "-c"]:
    program = args[2]
    for what, by in (
        ("        result = OPERATIONS[op](task, **args)", "        before(op, args)\\n        result = OPERATIONS[op](task, **args)"),
        ("made.write(data, offset + begin)", "(made.write(data, offset + begin), halfway(image))"),
        ("PIECE = 4 << 20", "PIECE = 64 << 10"),
        ("SIDE_BY_SIDE = 8", "SIDE_BY_SIDE = 1"),
    ):
        if what not in program: sys.exit("not in the program: " + what)
        program = program.replace(what, by)
    args[2] = prelude + program
os.execv("/usr/bin/python3", ["python3"] + args)
`,
  );
  chmodSync(program, 0o755);
  return { program, done: () => existsSync(mark) };
}
