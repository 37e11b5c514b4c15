import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { FileIdentity } from "../../model/host.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import { readRecord, recordPath, writeRecord } from "./record-files.ts";

const recordName = "mount.json";

/**
 * Records where the file system that holds the instances path is mounted, unless that is the root file system. A recorded mount point that is
 * empty now stays recorded. The caller holds the project's lock.
 */
export async function rememberMount(context: Context): Promise<void> {
  const { root } = context.layout;
  // Usually nothing has changed. On a host elsewhere each turn is a round trip.
  const [recorded, found] = await Promise.all([recordedMount(context), mountPointOf(context, root)]);
  if (found === recorded || (recorded !== undefined && !(await isMounted(context, recorded)))) return;
  // The look at the recorded mount point may have mounted it.
  const mountPoint = recorded === undefined ? found : await mountPointOf(context, root);
  if (mountPoint === undefined || mountPoint === recorded) return;
  await writeRecord(context, recordName, { version: 1, instancesPath: root, mountPoint });
}

/** The mount point that the instances path was on and that has no file system mounted now; undefined otherwise. */
export async function missingMount(context: Context): Promise<string | undefined> {
  const recorded = await recordedMount(context);
  return recorded === undefined || (await isMounted(context, recorded)) ? undefined : recorded;
}

/** The error of a plan for an instances path whose file system is not mounted. */
export async function notMounted(context: Context, mountPoint: string): Promise<Diagnostic> {
  return problem("file-system-not-mounted", {
    summary: `The file system at ${mountPoint} is not mounted`,
    detail: `${context.layout.root} was on a file system that was mounted at ${mountPoint}, and holds no instance now. Nothing is decided about what is on that file system. Mount it (\`mount ${shellWord(mountPoint)}\`) and run the same command again. If it is lost for good, remove ${await recordPath(context, recordName)}.`,
    pointer: ["host", "instances_path"],
  });
}

async function recordedMount(context: Context): Promise<string | undefined> {
  const mountPoint = (await readRecord(context, recordName))?.["mountPoint"];
  return typeof mountPoint === "string" && mountPoint.startsWith("/") ? mountPoint : undefined;
}

/** Whether a directory is on another file system than its parent. */
async function isMounted({ host }: Context, path: string): Promise<boolean> {
  // An automount point is mounted when it is listed. Looks that are asked for together are done in this order.
  const [, identities] = await Promise.all([host.files.list(path), host.files.identify([path, parentOf(path)])]);
  const [own, parent] = identities.map(deviceOf);
  return own !== undefined && own !== parent;
}

/** The topmost directory of the file system that a path is on, or is to be created on; undefined for the root file system. */
async function mountPointOf({ host }: Context, path: string): Promise<string | undefined> {
  const paths = [path];
  for (let at = path; at !== "/"; at = parentOf(at)) paths.push(parentOf(at));
  const devices = (await host.files.identify(paths)).map(deviceOf);
  const first = devices.findIndex((device) => device !== undefined);
  let last = first;
  while (last + 1 < paths.length && devices[last + 1] === devices[first]) last += 1;
  const found = paths[last];
  return found === "/" ? undefined : found;
}

function deviceOf(identity: FileIdentity | undefined): string | undefined {
  return identity?.id.split(":")[0];
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
