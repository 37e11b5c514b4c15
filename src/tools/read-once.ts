import type { Context } from "../model/context.ts";

type Contents = readonly (Buffer | undefined)[];
type Request = { readonly path: string; readonly length: number };

interface Known {
  readonly length: number;
  readonly reading: Promise<Contents>;
  readonly index: number;
}

const looks = new WeakMap<object, Map<string, Known>>();

/**
 * `Files.readMany` that reads each file once per look: labels and the headers of disks serve several kinds, and a host with a thousand
 * instances has thousands of them. The buffers are shared: they must not be written to.
 */
export async function readManyOnce(
  { host, look }: Pick<Context, "host" | "look">,
  requests: readonly Request[],
): Promise<(Buffer | undefined)[]> {
  if (look === undefined) return host.files.readMany(requests);
  const known = looks.get(look) ?? new Map<string, Known>();
  looks.set(look, known);
  const missing = requests.filter(({ path, length }) => (known.get(path)?.length ?? -1) < length);
  if (missing.length > 0) {
    const reading = host.files.readMany(missing);
    // Each reader handles a failure by itself.
    reading.catch(() => undefined);
    for (const [index, { path, length }] of missing.entries()) known.set(path, { length, reading, index });
  }
  const found = requests.map(({ path }) => known.get(path));
  try {
    const batches = new Map(
      await Promise.all([...new Set(found.flatMap((one) => one?.reading ?? []))].map(async (reading) => [reading, await reading] as const)),
    );
    return requests.map(({ length }, position) => {
      const one = found[position];
      const content = one === undefined ? undefined : batches.get(one.reading)?.[one.index];
      return content === undefined || content.length <= length ? content : content.subarray(0, length);
    });
  } catch {
    // Another file of a shared batch may be the cause.
    for (const { path } of requests) known.delete(path);
    return host.files.readMany(requests);
  }
}
