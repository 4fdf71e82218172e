// What a mini-program imports.
export { Client, type Settings } from "./client";
export { Problem, type FieldProblem, type ProblemFacts } from "./problem";
export { ReportQueue, type Draft, type Listeners, type Report, type Waiting } from "./queue";
export type { Session } from "./session";
export type { Answer, Schemas } from "./types";
export type { Language } from "./wire";
