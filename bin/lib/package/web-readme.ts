import { repository } from "./project.ts";

/**
 * The README for places outside the repository, such as npm's page: links to files of the repository become addresses of the tag of this
 * version. Links inside the page and blocks of code stay. Pure.
 */
export function webReadme(text: string, version: string): string {
  const pages = `${repository}/blob/v${version}/`;
  const raw = `${pages.replace("https://github.com/", "https://raw.githubusercontent.com/").replace("/blob/", "/")}`;
  return text
    .split(/^(```.*?^```$)/ms)
    .map((part) => (part.startsWith("```") ? part : part.replace(/(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)/g, link)))
    .join("");

  function link(_: string, image: string, words: string, target: string): string {
    return `${image}[${words}](${image === "" ? pages : raw}${target})`;
  }
}
