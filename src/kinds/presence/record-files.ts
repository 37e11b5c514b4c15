import type { Context } from "../../model/context.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { perHost } from "../../model/per-host.ts";
import { problem } from "../../model/problem.ts";
import { readOwnFiles } from "../../tools/own-file.ts";

const stateDirectory = perHost((host) => host.account().then((account) => account.stateDirectory));

/** The path of a record about the instances path of this context, outside of it. */
export async function recordPath({ host, layout }: Pick<Context, "host" | "layout">, name: string): Promise<string> {
  return `${layout.records(await stateDirectory(host))}/${name}`;
}

/** One record by its name; undefined when it does not exist or cannot be read. */
export async function readRecord(context: Context, name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const [file] = await readOwnFiles(context, [await recordPath(context, name)]);
  return parseRecord(file?.content);
}

/** The records whose names match, by name: each one JSON object. A record that cannot be read is left out, because it only adds to other records. */
export async function readRecords(context: Context, pattern: RegExp): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const directory = await recordPath(context, "");
  const names = (await context.host.files.list(directory)).map(({ name }) => name).filter((name) => pattern.test(name));
  if (names.length === 0) return new Map();
  const contents = await readOwnFiles(
    context,
    names.map((name) => `${directory}${name}`),
  );
  return new Map(
    names.flatMap((name, index) => {
      const record = parseRecord(contents[index]?.content);
      return record === undefined ? [] : [[name, record] as const];
    }),
  );
}

/** Writes a record. Failing in that is a warning, which says what is `unnoticed` without it: the object itself and its first record are whole. */
export async function writeRecord(
  context: Context,
  name: string,
  record: object,
  unnoticed = "that the file system of the instances path is not mounted",
): Promise<void> {
  const { files } = context.host;
  const path = await recordPath(context, name);
  try {
    await files.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    await files.writeAtomic(path, `${JSON.stringify(record)}\n`, 0o600);
  } catch (error) {
    const failure = failureDiagnostics(error);
    if (failure === undefined) throw error;
    context.warn?.(
      problem(
        "record-not-written",
        {
          summary: `${path} cannot be written`,
          detail: `${failure.map(({ summary }) => summary).join("; ")}. Without this record virtform does not notice ${unnoticed}.`,
        },
        "warning",
      ),
    );
  }
}

/** Removes a record; does nothing when it does not exist. */
export async function removeRecord(context: Context, name: string): Promise<void> {
  await context.host.files.remove(await recordPath(context, name));
}

function parseRecord(content: Buffer | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(content?.toString("utf8") ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
