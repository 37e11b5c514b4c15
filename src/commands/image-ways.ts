import { statSync } from "node:fs";
import type { SshHost } from "../host/ssh.ts";
import type { Config } from "../kinds/config.ts";
import type { Change } from "../model/change.ts";
import type { AnyKind } from "../model/kind.ts";
import { formatQuantity } from "../model/quantity.ts";
import { pathOf } from "../sources/file.ts";

/** How the bytes of an image get to a host elsewhere. */
interface Way {
  readonly words: string;
  readonly bytes?: number;
}

/** The image kind for a host over ssh: its plans say which way every image goes, and how many bytes where that is known. */
export function withImageWays(kind: AnyKind<Config>, config: Config, host: SshHost): AnyKind<Config> {
  if (kind.name !== "image") return kind;
  let fetchesItself = true;
  return {
    ...kind,
    observe: async (context) => {
      fetchesItself = (await host.greeting()).extra.includes("curl");
      return kind.observe(context);
    },
    diff: (address, want, have, observed) => {
      const change = kind.diff(address, want, have, observed);
      const source = config.images?.[address.slice(address.indexOf("/") + 1)]?.source;
      const way = source === undefined ? undefined : wayOf(source, host.name, fetchesItself);
      return change === undefined || way === undefined ? change : told(change, way);
    },
  };
}

function wayOf(source: string, name: string, fetchesItself: boolean): Way | undefined {
  if (/^https?:/i.test(source)) return { words: fetchesItself ? `${name} downloads it` : `downloaded here, pushed to ${name}` };
  if (!source.startsWith("/") && !source.startsWith("file:")) return undefined;
  const stat = statSync(pathOf(source), { throwIfNoEntry: false });
  return stat?.isFile() === true
    ? { words: `pushed from here, ${formatQuantity(stat.size)}`, bytes: stat.size }
    : { words: `from a file on ${name}` };
}

function told(change: Change, { words, bytes }: Way): Change {
  const actions = change.actions.map((action) =>
    action.type === "image.fetch"
      ? { ...action, summary: `${action.summary} (${words})`, ...(bytes === undefined ? {} : { bytes }) }
      : action,
  );
  return { ...change, fields: [...change.fields, { path: "way", new: words }], actions };
}
