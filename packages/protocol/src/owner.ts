/** Whom a file belongs to, by names: numbers mean other people on other machines. Pure; used on every thread. */

export type Owner = {
  /** '' when the number has no name where the file lies. */
  readonly user: string;
  readonly group: string;
};
