import type { Context } from "../../model/context.ts";
import type { ImageSidecar } from "./spec.ts";

/** Writes the sidecar of a base image, whole or not at all. The caller holds the lock of the entry. */
export async function writeSidecar({ host, layout }: Context, entry: string, sidecar: ImageSidecar): Promise<void> {
  await host.files.writeAtomic(layout.baseSidecar(entry), `${JSON.stringify(sidecar, null, 2)}\n`);
}
