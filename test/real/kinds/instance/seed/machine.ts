import type { TestContext } from "node:test";
import type { Context } from "../../../../../src/model/context.ts";
import { userError } from "../../../../../src/model/errors.ts";
import type { Host } from "../../../../../src/model/host.ts";
import { temporaryDirectory } from "../../../../unit/kinds/instance/seed/fixtures.ts";
import { machine } from "../../image/machine.ts";

/** This machine, with a temporary instances path and the given secrets. `wrap` may put something in front of the host. */
export async function seedContext(
  test: TestContext,
  options: { readonly secrets?: Record<string, string>; readonly root?: string; readonly wrap?: (host: Host) => Host } = {},
): Promise<Context> {
  const { secrets = {}, root = await temporaryDirectory(test), ...rest } = options;
  return {
    ...machine(test, { root, ...rest }),
    secret(reference) {
      const env = "env" in reference ? reference.env : "";
      const value = secrets[env];
      if (value === undefined) throw userError("secret-missing", `the environment variable ${env} is not set`, "");
      return value;
    },
  };
}
