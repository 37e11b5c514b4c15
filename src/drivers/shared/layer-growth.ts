import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { diskPhrase } from "../disk-phrase.ts";
import type { DiskSpec, OnlineDisk } from "../driver.ts";
import { growFile } from "./size-growth.ts";
import { refuseToShrink } from "./size-rules.ts";

/** A file above a disk that the guest writes to in its place, as a snapshot makes it. */
export interface ActiveLayer {
  readonly path: string;
  readonly format: "raw" | "qcow2";
}

/** Grows the layer that a guest writes to; the layers below keep their size. Throws a RefusedError when the layer is missing. */
export async function growLayer(
  context: Context,
  disk: DiskSpec,
  layer: ActiveLayer,
  bytes: number,
  online: OnlineDisk | undefined,
): Promise<void> {
  const { files } = context.host;
  const [start, stat] = await Promise.all([files.read(layer.path, { offset: 0, length: qcow2HeaderBytes }), files.stat(layer.path)]);
  const size = layer.format === "raw" ? stat?.size : readQcow2Header(start ?? Buffer.alloc(0))?.header?.virtualSize;
  if (size === undefined) {
    throw new RefusedError(
      "disk-layer-missing",
      `${layer.path} was the active layer of the ${diskPhrase(disk)} when this was planned, and is not a ${layer.format} file now`,
      "Apply again.",
    );
  }
  refuseToShrink(disk, size, bytes);
  if (size < bytes) await growFile(context, disk, layer, bytes, online);
}
