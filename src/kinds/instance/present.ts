import type { Presentation } from "../../model/presentation.ts";
import { presentGuest } from "../guest/present.ts";

const part: Presentation = { instanceOf: (name) => name };

const seedFields = /^(format|hostname|user_data|admin_password|metadata\..*|public_keys\..*)$/;

/** How people see the parts of an instance. */
export const presentInstances: Readonly<Record<string, Presentation>> = {
  domain: presentGuest,
  disk: { instanceOf: (name) => name.slice(0, name.lastIndexOf(".")), sizes: new Set(["size"]) },
  seed: { ...part, summary: (fields) => fields.filter(({ path }) => seedFields.test(path)).map((field) => ({ field, covers: 1 })) },
  secret: part,
  "instance-directory": { noun: ["instance directory", "instance directories"] },
};
