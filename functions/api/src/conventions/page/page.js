// Shows what /openapi.json says, and sends what is typed. Everything is put into the page as text, never as HTML.

const $ = (id) => document.getElementById(id);

/** An element with its properties and children; a text is a child, what is null is left out. */
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

class Description {
  constructor(api) {
    this.api = api;
  }

  /** What `thing` is, should it only point elsewhere in the description. */
  resolve(thing) {
    if (!thing?.$ref) return thing ?? {};
    const parts = thing.$ref.slice("#/".length).split("/");
    return this.resolve(parts.reduce((at, part) => at?.[part], this.api));
  }

  /** Every operation, in the description's order. */
  operations() {
    return Object.entries(this.api.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
    );
  }

  /** A value as `schema` would have it, to begin typing from. */
  example(schema, depth = 0) {
    const it = this.resolve(schema);
    if (it.example !== undefined) return it.example;
    if (it.enum) return it.enum[0];
    const either = it.oneOf ?? it.anyOf;
    if (either) return this.example(either.find((one) => this.resolve(one).type !== "null"), depth);
    if (it.allOf) return Object.assign({}, ...it.allOf.map((one) => this.example(one, depth)));
    const type = [it.type].flat().find((one) => one !== "null");
    if (type === "array") return depth > 3 ? [] : [this.example(it.items, depth + 1)];
    if (type === "object" || it.properties) {
      const needed = it.required ?? [];
      const shown = Object.entries(it.properties ?? {}).filter(([name]) => needed.length === 0 || needed.includes(name));
      return Object.fromEntries(shown.map(([name, one]) => [name, this.example(one, depth + 1)]));
    }
    return { integer: it.minimum ?? 0, number: it.minimum ?? 0, boolean: false }[type] ?? "";
  }
}

/** Fields for the parameters of an operation: what is typed, by place and name. */
function fieldsFor(parameters) {
  const fields = parameters.map((parameter) => {
    const input = make("input", { placeholder: parameter.schema?.pattern ?? "", required: parameter.required ?? false, spellcheck: false });
    const needed = parameter.required ? "" : " (optional)";
    const label = make("label", { title: parameter.description ?? "" }, `${parameter.name}${needed}`, input);
    return { parameter, input, label };
  });
  const typed = (place) => fields.filter(({ parameter, input }) => parameter.in === place && input.value !== "")
    .map(({ parameter, input }) => [parameter.name, input.value]);
  return { labels: fields.map(({ label }) => label), typed };
}

function requestOf(operation, fields, body) {
  let path = operation.path;
  for (const [name, value] of fields.typed("path")) path = path.replace(`{${name}}`, encodeURIComponent(value));
  const query = new URLSearchParams(fields.typed("query")).toString();
  const headers = Object.fromEntries(fields.typed("header"));
  const token = $("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: operation.method.toUpperCase(), headers };
  if (body && body.value.trim() !== "") {
    options.body = body.value;
    headers["Content-Type"] = body.dataset.type;
  }
  return { url: query ? `${path}?${query}` : path, options };
}

/** The same request for a terminal; the token is left for its owner to put in. */
function curl({ url, options }) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const headers = Object.entries(options.headers).map(([name, value]) => name === "Authorization"
    ? `-H "Authorization: Bearer $FEEDMILL_TOKEN"` : `-H ${quote(`${name}: ${value}`)}`);
  const data = options.body ? [`--data ${quote(options.body)}`] : [];
  return ["curl", "-X", options.method, ...headers, ...data, quote(location.origin + url)].join(" ");
}

async function show(answer, milliseconds, into) {
  const text = await answer.text();
  const pretty = (answer.headers.get("content-type") ?? "").includes("json") && text ? JSON.stringify(JSON.parse(text), null, 2) : text;
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  into.replaceChildren(
    make("h3", { className: answer.ok ? "good" : "bad" }, `${answer.status} ${answer.statusText} in ${milliseconds} ms`),
    pretty ? make("pre", {}, pretty) : null,
    make("h3", {}, "Headers"),
    make("pre", {}, headers),
  );
}

async function send(request, button, into) {
  button.disabled = true;
  const began = performance.now();
  try {
    const answer = await fetch(request.url, request.options);
    await show(answer, Math.round(performance.now() - began), into);
  } catch (error) {
    into.replaceChildren(make("p", { className: "bad" }, `There was no answer: ${error.message}`));
  } finally {
    button.disabled = false;
  }
}

function bodyFor(description, operation) {
  const [type, content] = Object.entries(description.resolve(operation.requestBody).content ?? {})[0] ?? [];
  if (!type) return null;
  const example = description.example(content.schema);
  const body = make("textarea", { spellcheck: false, value: type.includes("json") ? JSON.stringify(example, null, 2) : "" });
  body.dataset.type = type;
  return body;
}

function inside(description, operation) {
  const fields = fieldsFor((operation.parameters ?? []).map((parameter) => description.resolve(parameter)));
  const body = bodyFor(description, operation);
  const command = make("pre", { hidden: true });
  const answer = make("div", { ariaLive: "polite" });
  const button = make("button", { type: "submit" }, "Send");
  const form = make("form", {},
    make("div", { className: "fields" }, fields.labels),
    body && make("label", {}, `Body (${body.dataset.type})`, body),
    button,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = requestOf(operation, fields, body);
    command.hidden = false;
    command.textContent = curl(request);
    send(request, button, answer);
  });
  const answers = Object.entries(operation.responses).flatMap(([status, response]) =>
    [make("dt", {}, status), make("dd", {}, description.resolve(response).description ?? "")]);
  return make("div", { className: "inside" },
    operation.description ? make("p", {}, operation.description) : null,
    form, command, answer, make("h3", {}, "Answers"), make("dl", {}, answers));
}

function entry(description, operation) {
  const details = make("details", { id: operation.operationId },
    make("summary", {},
      make("span", { className: "method" }, operation.method.toUpperCase()),
      make("span", { className: "path" }, operation.path),
      make("span", { className: "soft" }, operation.summary ?? "")));
  // Made when it is first looked at: there are many.
  details.addEventListener("toggle", () => details.append(inside(description, operation)), { once: true });
  details.dataset.words = `${operation.method} ${operation.path} ${operation.summary ?? ""}`.toLowerCase();
  return details;
}

function render(description) {
  const groups = new Map();
  for (const operation of description.operations()) {
    const tag = operation.tags?.[0] ?? "service";
    groups.set(tag, [...(groups.get(tag) ?? []), operation]);
  }
  const sections = [...groups].map(([tag, operations]) =>
    make("section", {}, make("h2", {}, tag), operations.map((operation) => entry(description, operation))));
  $("version").textContent = description.api.info.version;
  $("operations").replaceChildren(...sections);
}

function find(words) {
  for (const section of document.querySelectorAll("section")) {
    const entries = [...section.querySelectorAll("details")];
    for (const one of entries) one.hidden = !one.dataset.words.includes(words);
    section.hidden = entries.every((one) => one.hidden);
  }
}

$("find").addEventListener("input", (event) => find(event.target.value.trim().toLowerCase()));

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  render(new Description(await answer.json()));
} catch (error) {
  $("operations").replaceChildren(make("p", { className: "bad" }, `The description could not be read: ${error.message}`));
}
