import { fetchImage } from "../../../../src/kinds/image/fetch.ts";
import type { Json } from "../../../../src/model/json.ts";
import type { Packing } from "../../../../src/model/packing.ts";
import { imageSpec, machine } from "./machine.ts";

/** Fetches the image that its arguments name, to be killed: ROOT SOURCE PACKING. */
const [root = "", source = "", unpack = "none"] = process.argv.slice(2);
const ends: (() => unknown)[] = [];
const context = machine({ after: (end: unknown) => void ends.push(end as () => unknown) } as never, { root });
await fetchImage.run(context, imageSpec(source, { unpack: unpack as Packing }) as unknown as Json, () => undefined);
for (const end of ends) await end();
