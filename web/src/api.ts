// The server's answers, and what went wrong in words.

export class ApiProblem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export type Parameters = Record<string, string | number | undefined>;

export const apiPath = (path: string): string => `./api/v1/${path}`;

export async function ask<Answer>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<Answer> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  let answer: Response;
  try {
    answer = await fetch(apiPath(path) + (text ? `?${text}` : ''), { signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiProblem('The server does not answer.', 0);
  }
  if (answer.ok) return (await answer.json()) as Answer;
  throw new ApiProblem(await whyNot(answer), answer.status);
}

async function whyNot(answer: Response): Promise<string> {
  try {
    const said = (await answer.json()) as { error?: { message?: string } };
    if (said.error?.message) return said.error.message;
  } catch {
    // Not from our server, or not JSON: the status says enough.
  }
  return `The server answers ${answer.status} ${answer.statusText}.`;
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
