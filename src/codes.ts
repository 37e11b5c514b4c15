import { codes as commands } from "./commands/codes.ts";
import { codes as config } from "./config/codes.ts";
import { codes as drivers } from "./drivers/codes.ts";
import { codes as engine } from "./engine/codes.ts";
import { codes as host } from "./host/codes.ts";
import { codes as kinds } from "./kinds/codes.ts";
import { codes as model } from "./model/codes.ts";
import { codes as sources } from "./sources/codes.ts";
import { codes as tools } from "./tools/codes.ts";

/** All codes of problems, by what they are about. `docs/errors.md` is made from it. */
export const allCodes: readonly { readonly title: string; readonly codes: Readonly<Record<string, string>> }[] = [
  { title: "Configuration files", codes: config },
  { title: "Command line", codes: commands },
  { title: "Planning and applying", codes: engine },
  { title: "Images, disks, volumes and guests", codes: kinds },
  { title: "Storage", codes: drivers },
  { title: "Image sources", codes: sources },
  { title: "Programs on the host", codes: tools },
  { title: "Files, downloads, locks and ssh", codes: host },
  { title: "Everything else", codes: model },
];
