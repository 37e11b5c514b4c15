import type { Context } from "../../model/context.ts";
import { CodedError } from "../../model/errors.ts";
import type { CloudFacts } from "../../model/host-facts.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { openCloud } from "../../sources/glance/session.ts";
import { glanceSettingsOf } from "../../sources/glance/settings.ts";
import { isFromGlance } from "../config/with-source-images.ts";
import type { Config } from "../config.ts";

/**
 * Who asks the image service, with the rules of the service that the configuration names. Undefined where it names none or no image is of the service,
 * and where the cloud does not answer: what needs it says why.
 */
export async function lookUpCloud(context: Context, images: NonNullable<Config["images"]>): Promise<CloudFacts | undefined> {
  const { policyFile, protectionFile, protectionFormat, cloud: name } = glanceSettingsOf(context.settings.drivers);
  if (policyFile === null && protectionFile === null) return undefined;
  if (!Object.values(images).some(({ source, publish }) => isFromGlance(source) || publish !== undefined)) return undefined;
  const read = (path: string) => ({ path, text: textOf(context, path) });
  try {
    const { cloud, session } = await openCloud(context, name);
    return withoutUndefined({
      origin: cloud.origin,
      roles: session.roles,
      userId: session.user,
      projectId: session.project,
      policy: policyFile === null ? undefined : read(policyFile),
      protections: protectionFile === null ? undefined : { ...read(protectionFile), format: protectionFormat },
    });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return undefined;
  }
}

/** Null, which is an error of the plan: without it rules that cannot be read would forbid nothing. */
function textOf({ clouds }: Context, path: string): string | null {
  try {
    return clouds?.readText(path) ?? null;
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}
