/** A comment or an issue that this token wrote. */
export interface Post {
  readonly id: number;
  readonly body: string;
  /** Where people see it. */
  readonly url: string;
}

/** What is needed of GitHub and GitLab. `change` is the number of a pull request or merge request. All throw an ApiError. */
export interface Forge {
  /** The longest comment and the longest description of an issue, in characters. */
  readonly longestBody: number;
  /** The own comment on a change that begins with the marker. */
  findComment(change: number, marker: string): Promise<Post | undefined>;
  createComment(change: number, marker: string, body: string): Promise<Post>;
  updateComment(change: number, comment: Post, body: string): Promise<Post>;
  /** The own open issues that begin with the marker, oldest first. */
  findIssues(marker: string): Promise<Post[]>;
  createIssue(marker: string, title: string, body: string): Promise<Post>;
  updateIssue(issue: Post, title: string, body: string): Promise<Post>;
  closeIssue(issue: Post, comment: string): Promise<void>;
  /** The change whose merge made a commit the last one of a branch; undefined for a commit that was pushed. */
  findMergedChange(commit: string, branch: string): Promise<MergedChange | undefined>;
}

/** A pull request or merge request that was merged. */
export interface MergedChange {
  readonly number: number;
  /** The last commit of its branch, which is what was reviewed. */
  readonly head: string;
  readonly url: string;
}
