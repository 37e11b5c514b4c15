import type { Json } from "../../model/json.ts";
import type { Presentation } from "../../model/presentation.ts";
import { presentGuest } from "../guest/present.ts";
import type { PublicSeed } from "../terms/seed-state.ts";

const part: Presentation = { instanceOf: (name) => name };

const seedFields = /^(format|hostname|user_data|admin_password|metadata\..*|public_keys\..*|files\..*)$/;

/** How people see the parts of an instance. */
export const presentInstances: Readonly<Record<string, Presentation>> = {
  domain: presentGuest,
  disk: { instanceOf: (name) => name.slice(0, name.lastIndexOf(".")), sizes: new Set(["size"]) },
  seed: {
    ...part,
    summary: (fields) => fields.filter(({ path }) => seedFields.test(path)).map((field) => ({ field, covers: 1 })),
    isIdentity: (path) => /^(uuid|name|launch_index)$/.test(path),
    secrets: secretsOf,
  },
  secret: part,
  "instance-directory": { noun: ["instance directory", "instance directories"] },
};

/** A password is always a secret, user data if it is a reference. */
function secretsOf(state: Json): string[] {
  const { admin_password: password, user_data: userData } = state as Partial<PublicSeed>;
  const isReference = typeof userData === "object" && userData !== null && ("env" in userData || "command" in userData);
  return [...((password ?? null) === null ? [] : ["admin_password"]), ...(isReference ? ["user_data"] : [])];
}
