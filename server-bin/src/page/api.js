// Shows openapi.json. Everything that comes from it is put in as text.

const list = document.getElementById("list");
const search = document.getElementById("search");

/** An element with attributes and children; strings become text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** What a schema is, in a few words. */
function kind(schema, depth = 0) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  for (const key of ["oneOf", "anyOf", "allOf"]) {
    if (schema[key]) return schema[key].map((part) => kind(part, depth)).filter((word) => word !== "null").join(" or ");
  }
  const type = [schema.type].flat().filter((word) => word && word !== "null").join(" or ");
  if (type === "array") return `list of ${kind(schema.items, depth)}`;
  return schema.format && type !== "string" ? `${type} (${schema.format})` : type || "anything";
}

/** The fields of a schema as rows. */
function fields(schema, schemas) {
  const named = schema?.$ref ? schemas[schema.$ref.split("/").pop()] : schema;
  const parts = named?.allOf ? named.allOf : [named];
  const rows = parts.flatMap((part) => {
    const whole = part?.$ref ? schemas[part.$ref.split("/").pop()] : part;
    const needed = new Set(whole?.required ?? []);
    return Object.entries(whole?.properties ?? {}).map(([name, property]) =>
      row(name, kind(property), property.description, needed.has(name)));
  });
  return rows.length ? make("table", {}, ...rows) : make("p", {}, make("code", {}, kind(schema)));
}

function row(name, type, about, needed) {
  return make("tr", {},
    make("td", {}, make("code", {}, name), needed ? " *" : ""),
    make("td", {}, type || ""),
    make("td", {}, about ?? ""));
}

/** One request with all that is known of it. */
function request(path, method, operation, schemas) {
  const name = method.toUpperCase();
  const body = make("div", { class: "body" });
  if (operation.description) body.append(make("p", {}, operation.description));
  if (operation.parameters?.length) {
    body.append(make("h3", {}, "Parameters"), make("table", {}, ...operation.parameters.map((parameter) =>
      row(parameter.name, kind(parameter.schema), parameter.description, parameter.required))));
  }
  for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
    body.append(make("h3", {}, `Body: ${type}`), fields(content.schema, schemas));
  }
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    body.append(make("h3", {}, `${status} ${answer.description ?? ""}`));
    for (const content of Object.values(answer.content ?? {})) body.append(fields(content.schema, schemas));
  }
  const call = `curl${name === "GET" ? "" : ` -X ${name}`} '${location.origin}${path}'`;
  body.append(make("pre", {}, call));
  const item = make("details", {},
    make("summary", {},
      make("span", { class: `method ${name}` }, name),
      make("code", {}, path),
      make("span", { class: "about" }, operation.summary ?? "")),
    body);
  item.dataset.text = `${name} ${path} ${operation.summary ?? ""}`.toLowerCase();
  return item;
}

function show(api) {
  const schemas = api.components?.schemas ?? {};
  const groups = new Map(api.tags.map((tag) => [tag.name, { about: tag.description, items: [] }]));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "server";
      if (!groups.has(tag)) groups.set(tag, { about: "", items: [] });
      groups.get(tag).items.push(request(path, method, operation, schemas));
    }
  }
  for (const [name, { about, items }] of groups) {
    if (!items.length) continue;
    list.append(make("section", {}, make("h2", {}, name, make("small", {}, about ?? "")), ...items));
  }
}

search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of list.querySelectorAll("details")) {
    item.hidden = !words.every((word) => item.dataset.text.includes(word));
  }
  for (const section of list.querySelectorAll("section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
});

try {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status} ${answer.statusText}`);
  show(await answer.json());
} catch (error) {
  list.append(make("p", { role: "alert" }, `The description cannot be shown: ${error.message}`));
}
