import { chmodSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { registerDriver } from "../../../src/drivers/index.ts";
import { memory } from "../../unit/drivers/memory.ts";
import { temporary } from "../kinds/image/images.ts";
import { conforms } from "./conformance.ts";

const registered = registerDriver(memory);
after(() => registered[Symbol.dispose]());

conforms([
  {
    backend: memory,
    on: "fixture",
    preallocates: false,
    growsInside: false,
    wipes: false,
    guests: true,
    place: (t) => {
      const base = temporary(t);
      // libvirt's guests run as a user of their own.
      chmodSync(base, 0o755);
      const directory = join(base, "memory");
      const path = ({ uuid, name }: { uuid: string; name: string }) => join(directory, `${uuid}_${name}`);
      return {
        settings: { drivers: { memory: { directory } } },
        storage: { memory: { free: 2 ** 30 } },
        open: (_context, disk) => path(disk),
        kept: () => (existsSync(directory) ? readdirSync(directory) : []),
      };
    },
  },
]);
