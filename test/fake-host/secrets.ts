import { child, readXml } from "./xml.ts";

/** One secret of libvirt's. Without a value until that is set. */
export interface Secret {
  readonly uuid: string;
  readonly usage: string;
  readonly document: string;
  value: string | undefined;
}

/** libvirt's secrets. Refusals are Errors with libvirt's own words. */
export interface Secrets {
  all(): Secret[];
  find(uuid: string): Secret | undefined;
  define(document: string): void;
  undefine(uuid: string): void;
  /** libvirt was restarted: those that it had in memory only are gone. */
  restart(): void;
  clone(): Secrets;
}

/** Secrets as libvirt 9.0 keeps them. */
export function createSecrets(from: readonly Secret[] = []): Secrets {
  const secrets = new Map(from.map((secret) => [secret.uuid, { ...secret }]));
  const all = () => [...secrets.values()].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  return {
    all,
    find: (uuid) => secrets.get(uuid),
    define(document) {
      const root = readXml(document);
      const uuid = child(root, "uuid")?.text.trim() ?? "";
      const usage = child(root, "usage", "volume")?.text.trim() ?? "";
      if (root.name !== "secret" || uuid === "" || usage === "")
        throw new Error("XML error: volume usage specified, but volume path is missing");
      const same = secrets.get(uuid);
      if (same !== undefined && same.usage !== usage)
        throw new Error(`internal error: a secret with UUID ${uuid} is already defined for use with ${same.usage}`);
      if (all().some((other) => other.uuid !== uuid && other.usage === usage))
        throw new Error(`internal error: a secret with UUID ${uuid} already defined for use with ${usage}`);
      secrets.set(uuid, { uuid, usage, document, value: same?.value });
    },
    undefine: (uuid) => void secrets.delete(uuid),
    restart() {
      for (const { uuid, document } of all()) if (/ephemeral=.yes/.test(document)) secrets.delete(uuid);
    },
    clone: () => createSecrets(all()),
  };
}
