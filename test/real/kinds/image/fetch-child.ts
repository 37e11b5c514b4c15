import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { DiskFormat } from "../../../../src/kinds/image/spec.ts";
import type { Json } from "../../../../src/model/json.ts";
import type { Packing } from "../../../../src/model/packing.ts";
import { imageSpec, machine } from "./machine.ts";

/** Fetches the image that its arguments name, to be killed: ROOT SOURCE PACKING FORMAT. */
const [root = "", source = "", unpack = "none", diskFormat = "qcow2"] = process.argv.slice(2);
const ends: (() => unknown)[] = [];
const context = machine({ after: (end: unknown) => void ends.push(end as () => unknown) } as never, { root });
const spec = imageSpec(source, { unpack: unpack as Packing, diskFormat: diskFormat as DiskFormat });
await fetchImage.run(context, spec as unknown as Json, () => undefined);
for (const end of ends) await end();
