/** The port that this room needs of a cache: texts that are kept beside the files. A failure loses them. */
export interface Notes {
  read(key: string): Promise<string | undefined>;
  /** `url` says where the facts in the text come from. */
  write(key: string, url: string, text: string): Promise<void>;
  remove(key: string): Promise<void>;
}
