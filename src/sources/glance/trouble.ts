import { UserError, userError } from "../../model/errors.ts";
import { problem } from "../../model/problem.ts";
import type { StatusWords } from "../../model/web-access.ts";

/**
 * The code and words for a status of Glance (Nova GCL-06, GCL-09) that is no success for `what`: `image debian`. An unexpected status has
 * words as well. `as`: the settings that the token was made with, `said`: the text of the answer; both for messages.
 */
export function glanceWords(status: number, what: string, as: string, said = ""): StatusWords {
  const text = said === "" ? "" : ` Glance says: ${said}`;
  const words = (code: string, summary: string, detail: string): StatusWords => ({ code, summary, detail: `${detail}${text}` });
  switch (status) {
    case 401:
      return words(
        "glance-unauthorized",
        `Glance does not accept the token for ${what}`,
        `It was made with ${as}. Check that Glance and Keystone belong to one cloud.`,
      );
    case 403:
      return words(
        "glance-forbidden",
        `Glance refuses ${what}`,
        `The user of ${as} may not do this: the image is deactivated or protected, belongs to another project, or a role is missing.`,
      );
    case 404:
      return words(
        "glance-image-missing",
        `${what} does not exist, or is not visible`,
        `Check the id. An image of another project is visible with ${as} only if it is public, community, or shared with the project.`,
      );
    case 204:
      return words("glance-image-empty", `${what} has no data`, "It was created and nothing was uploaded. Upload its content first.");
    case 400:
      return words("glance-bad-request", `Glance does not accept the request for ${what}`, "A value is not allowed there.");
    case 409:
      return words(
        "glance-conflict",
        `${what} is in another state`,
        "Another client changes it, or it is in use. Run the same command again.",
      );
    case 410:
      return words("glance-conflict", `${what} was deleted meanwhile`, "Run the same command again.");
    case 413:
      return words(
        "glance-quota",
        `Glance has no room for ${what}`,
        "A quota of the project or a limit of the service is reached. Remove images, or ask for a larger quota.",
      );
    default:
      return words(
        "glance-unavailable",
        `Glance fails with ${what}`,
        `It answers ${status}. Try again later, or look into the log of Glance.`,
      );
  }
}

/** The error of these words. */
export function wordsError({ code, summary, detail }: StatusWords): UserError {
  return new UserError([problem(code, { summary, detail })]);
}

/** The error when no server of Glance answers (Nova GCL-05). */
export function unreachableGlance(server: string, reason: string, attempts: number, hint: string): UserError {
  const tried = attempts > 1 ? ` Tried ${attempts} times.` : "";
  return userError("glance-unavailable", `Glance at ${server} cannot be reached: ${reason}`, `${hint}${tried}`);
}

/** The text of an answer for people: of HTML without tags, of JSON its message; at most 300 characters. */
export function saidText(body: Buffer): string {
  const text = body.subarray(0, 16 * 1024).toString("utf8");
  const plain = /<(?:html|h1|body)/i.test(text)
    ? text.replaceAll(/<(?:title|style|script)\b[\s\S]*?<\/(?:title|style|script)>/gi, " ").replaceAll(/<[^>]*>/g, " ")
    : messageIn(text);
  return withoutEntities(plain).replaceAll(/\s+/g, " ").trim().slice(0, 300);
}

const entities: Readonly<Record<string, string>> = { "&quot;": '"', "&#x27;": "'", "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Text of HTML as people read it. */
function withoutEntities(text: string): string {
  return text.replaceAll(/&(?:quot|#x27|#39|lt|gt|amp);/g, (entity) => entities[entity] ?? entity);
}

function messageIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: { message?: unknown }; message?: unknown };
    const found = error?.message ?? message;
    return typeof found === "string" ? found : text;
  } catch {
    return text;
  }
}
