#!/usr/bin/env python3
"""docs/openapi.yaml against the sources and against the answers of a running node. Needs python3-yaml.

usage: openapi.py sources            routes, request fields, codes, event types, references within the document
       openapi.py answers CASE.json PUBLISHER.sock RECIPIENT.sock...    every answer by its schema, of acts too
A field of an answer that the document does not know is an error too: the document is what others write programs from.
"""
import http.client
import json
import pathlib
import re
import socket
import sys
import time

import yaml

top = pathlib.Path(__file__).resolve().parents[2]
document = yaml.safe_load((top / "docs/openapi.yaml").read_text())
schemas = document["components"]["schemas"]
findings = []
METHODS = ("get", "post", "put", "delete", "patch")


def resolve(node):
    """What a node of the document refers to, with what stands beside the reference."""
    while isinstance(node, dict) and "$ref" in node:
        at = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            at = at[step.replace("~1", "/")]
        node = {**at, **{k: v for k, v in node.items() if k != "$ref"}}
    return node


def operations():
    for path, entry in document["paths"].items():
        for method in METHODS:
            if method in entry:
                yield method.upper(), path, entry[method]


# ---- against the sources ----

def sources():
    return "\n".join(p.read_text() for p in sorted((top / "node").glob("node_api*.c")))


def check_references(node, where):
    if isinstance(node, dict):
        if "$ref" in node:
            try:
                resolve(node)
            except (KeyError, TypeError):
                findings.append(f"{where}: {node['$ref']} leads nowhere")
        for key, value in node.items():
            check_references(value, f"{where}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            check_references(value, f"{where}/{i}")


def check_routes(text):
    written = {(m, p): h for m, p, h in re.findall(r'\{"([A-Z]+)", "(/v1[^"]*)", [^,]+, CALLER_\w+, (\w+)\}', text)}
    permissions = dict(((m, p), c) for m, p, c in re.findall(r'\{"([A-Z]+)", "(/v1[^"]*)", [^,]+, CALLER_(\w+), \w+\}', text))
    documented = {(m, p) for m, p, _ in operations()}
    for method, path in sorted(set(written) - documented):
        findings.append(f"{method} {path} has a route and is not in the document")
    for method, path in sorted(documented - set(written)):
        findings.append(f"{method} {path} is in the document and has no route")
    for method, path, operation in operations():
        if operation.get("x-permission") != permissions.get((method, path)):
            findings.append(f"{method} {path}: x-permission is {operation.get('x-permission')}, the route needs {permissions.get((method, path))}")
    if len(written) < 14:
        findings.append(f"only {len(written)} routes were found in the sources: has their table another form now?")
    return written


TYPES = {"object": "OBJECT", "array": "ARRAY", "string": "TEXT", "boolean": "BOOL", "integer": "INT"}


def request_schema(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return resolve(content["application/json"]["schema"]) if "application/json" in content else None


def check_fields(text, routes):
    """The table of fields of each handler: names, types, which are required. It stands in the handler, or in what reads its words: a table or a function beside it."""
    tables = dict(re.findall(r"\nstatic const struct node_api_field (\w+)\[\] = \{\n(.*?)\n\};", text, re.S))
    shared = {"node_api_post_draft": "draft_fields", "node_api_put_draft": "draft_fields",
              "node_api_post_console_alive": "console_fields", "node_api_post_console_disarm": "console_fields"}
    bodies = dict(re.findall(r"\nint (node_api_(?:post|put)_\w+)\(struct node_api_call \*call\)\n\{\n(.*?)\n\}\n", text, re.S))
    readers = dict(re.findall(r"\nstatic int (read_\w+)\(struct node_api_call \*call[^)]*\)\n\{\n(.*?)\n\}\n", text, re.S))
    for handler, body in bodies.items():
        bodies[handler] += "".join(readers[name] for name in re.findall(r"\b(read_\w+)\(call,", body) if name in readers)
    for method, path, operation in operations():
        schema, handler = request_schema(operation), routes.get((method, path))
        if schema is None or handler is None:
            continue
        rows = re.findall(r'\{"(\w+)", JDOC_(\w+), (true|false)\}', bodies.get(handler, "") + tables.get(shared.get(handler), ""))
        code = {(name, kind, required == "true") for name, kind, required in rows}
        wanted = {(name, TYPES[resolve(p)["type"]], name in schema.get("required", [])) for name, p in schema["properties"].items()}
        for row in sorted(code ^ wanted):
            findings.append(f"{method} {path}: the field {row} is only in the {'code' if row in code else 'document'}")
        if schema.get("additionalProperties") is not False:
            findings.append(f"{method} {path}: additionalProperties must be false, as the code has it")


def check_codes(text):
    rows = set(re.findall(r"\{ERR_(\w+), \d+, \w+\}", text)) | set(re.findall(r'call->code = "(\w+)"', text))
    rows |= set(re.findall(r'(?:refuse_as|turn_away)\(.*?, \d+, "(\w+)"', text))
    documented = set(schemas["Problem"]["properties"]["code"]["enum"])
    for code in sorted(rows ^ documented):
        findings.append(f"the code {code} is only in the {'code' if code in rows else 'document'}")


def check_events():
    view = (top / "node/node_view.c").read_text()
    written = set(re.findall(r'\[NODE_\w+\] = "([\w.]+)"', view)) | {"gap", "heartbeat"}
    for name in sorted(written ^ set(schemas["Event"]["properties"]["type"]["enum"])):
        findings.append(f"the event {name} is only in the {'code' if name in written else 'document'}")


# ---- against answers ----

def is_of(value, kind):
    if kind == "null":
        return value is None
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    return isinstance(value, types[kind])


def known_properties(schema):
    """{name: schema} over allOf, and what is required."""
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
    for part in schema.get("allOf", []):
        more, needed = known_properties(resolve(part))
        properties.update(more)
        required |= needed
    return properties, required


def check_object(value, schema, where):
    properties, required = known_properties(schema)
    for name in sorted(required - set(value)):
        findings.append(f"{where}.{name}: required, and not in the answer")
    for name, part in value.items():
        if name in properties:
            check(part, properties[name], f"{where}.{name}")
        elif properties:
            findings.append(f"{where}.{name}: in the answer, and not in the document")


def check(value, schema, where):
    schema = resolve(schema)
    kinds = schema.get("type", "object" if "allOf" in schema else None)
    if value is None and kinds is not None and "null" not in kinds:
        return # an absent value may be null
    if kinds is not None and not any(is_of(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        findings.append(f"{where}: {value!r:.60} is not of type {kinds}")
        return
    if "enum" in schema and value not in schema["enum"]:
        findings.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        findings.append(f"{where}: {value!r} is not {schema['const']!r}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        findings.append(f"{where}: {value!r} does not fit {schema['pattern']}")
    if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        findings.append(f"{where}: {value!r} is not a time with milliseconds in UTC")
    if isinstance(value, (int, float)) and "minimum" in schema and value < schema["minimum"]:
        findings.append(f"{where}: {value} is below {schema['minimum']}")
    if isinstance(value, dict):
        check_object(value, schema, where)
    for i, one in enumerate(value if isinstance(value, list) else []):
        check(one, schema.get("items", {}), f"{where}[{i}]")


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(path, method, target, body=None, key=None, etag=None):
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if etag:
        headers["If-Match"] = etag
    if key:
        headers["Idempotency-Key"] = key
    line = Unix(path)
    line.request(method, target, json.dumps(body) if body is not None else None, headers)
    answer = line.getresponse()
    text = answer.read()
    line.close()
    return answer.status, answer.headers.get("Content-Type", ""), text


def operation_of(method, target):
    """The documented operation of an address."""
    bare = target.split("?")[0]
    for m, path, operation in operations():
        if m == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), bare):
            return path, operation
    return None, None


def check_answer(socket_path, method, target, body=None, key=None, want=None, etag=None):
    """The answer by the schema of its status; returns it."""
    path, operation = operation_of(method, target)
    status, content_type, text = ask(socket_path, method, target, body, key, etag)
    where = f"{method} {path} {status}"
    if want is not None and status != want:
        findings.append(f"{where}: {want} was expected: {text[:200]}")
    response = resolve(operation["responses"].get(str(status), operation["responses"]["default"]))
    if "content" not in response:
        if text:
            findings.append(f"{where}: has a body, and none is documented")
        return None
    if content_type not in response["content"]:
        findings.append(f"{where}: answers as {content_type}, documented as {list(response['content'])}")
        return None
    if "json" not in content_type:
        return None
    value = json.loads(text)
    check(value, response["content"][content_type]["schema"], where)
    if status >= 400 and value.get("status") != status:
        findings.append(f"{where}: says status {value.get('status')} in its body")
    return value


def check_node(path):
    for target in ("/v1/status", "/v1/members", "/v1/subscriptions"):
        check_answer(path, "GET", target, want=200)
    cases = []
    for box in ("received", "sent"):
        cases += check_answer(path, "GET", f"/v1/cases?box={box}&limit=500", want=200)["items"]
    for case in cases:
        name = f"{case['member']}:{case['reference']}"
        check_answer(path, "GET", f"/v1/cases/{name}", want=200)
        if case["mine"]:
            check_answer(path, "GET", f"/v1/cases/{name}?wait=accepted&timeout_ms=0", want=200)
    check_answer(path, "GET", "/v1/cases?limit=0", want=422)
    check_answer(path, "GET", "/v1/cases/ZZ-2026-99999", want=404)
    for method, target, operation in operations():
        if method == "GET" or target == "/v1/sealed":
            continue
        named = target.replace("{case}", "ZZ-2026-99999")
        check_answer(path, method, named, {"no_such_field": 1}, "a-key-for-this-test")
    return len(cases)


def check_drafts(case, publisher):
    words = {"case": {"category": "RUNAWAY", "photos": [{"upload": "00" * 16}]}, "notes": "from a colleague"}
    draft = check_answer(publisher, "POST", "/v1/drafts", words, "openapi-draft-1", want=201)
    address = "/v1/drafts/" + draft["id"]
    check_answer(publisher, "PUT", address, {"case": case, "to": ["IT"], "status": "EXERCISE", "drill": "A-1"}, want=428)
    check_answer(publisher, "PUT", address, {"case": case}, want=412, etag='"' + 32 * "0" + '"')
    draft = check_answer(publisher, "PUT", address, {"case": case, "to": ["IT"], "status": "EXERCISE", "drill": "A-1"}, want=200, etag=draft["etag"])
    check_answer(publisher, "GET", address, want=200)
    check_answer(publisher, "GET", "/v1/drafts", want=200)
    check_answer(publisher, "POST", address + "/approval", want=428)
    check_answer(publisher, "POST", address + "/approval", want=403, etag=draft["etag"])
    check_answer(publisher, "DELETE", address + "/approval", want=404, etag=draft["etag"])
    sending = {"status": "EXERCISE", "confirm": case["child"]["given_name"]}
    check_answer(publisher, "POST", address + "/publish", {"status": "EXERCISE", "dry_run": True}, want=200)
    timetable = {"draft": draft["id"], "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400)), "confirm": sending["confirm"]}
    drill = check_answer(publisher, "POST", "/v1/drills", timetable, "openapi-drill-1", want=201)
    check_answer(publisher, "POST", "/v1/drills", timetable, "openapi-drill-2", want=409)
    check_answer(publisher, "GET", "/v1/drills", want=200)
    check_answer(publisher, "GET", "/v1/drills/report", want=200)
    check_answer(publisher, "GET", "/v1/drills/report?drill=NO-SUCH-DRILL", want=404)
    check_answer(publisher, "GET", "/v1/settings", want=200)
    check_answer(publisher, "DELETE", "/v1/drills/" + drill["id"], want=204)
    check_answer(publisher, "POST", address + "/publish", sending, "openapi-draft-2", want=201, etag=draft["etag"])
    draft = check_answer(publisher, "POST", "/v1/drafts", words, "openapi-draft-3", want=201)
    check_answer(publisher, "DELETE", "/v1/drafts/" + draft["id"], want=204, etag=draft["etag"])


def check_webhooks(path):
    url = "https://hook.example/openapi"
    hook = check_answer(path, "POST", "/v1/webhooks", {"url": url, "events": ["case.received"]}, want=201)
    address = "/v1/webhooks/" + hook["id"]
    check_answer(path, "POST", "/v1/webhooks", {"url": url}, want=409)
    check_answer(path, "POST", "/v1/webhooks", {"url": "https://10.0.0.1/"}, want=403)
    check_answer(path, "GET", "/v1/webhooks", want=200)
    check_answer(path, "GET", address, want=200)
    check_answer(path, "GET", address + "/secret", want=200)
    delivery = check_answer(path, "POST", address + "/test", want=202)
    check_answer(path, "GET", "/v1/deliveries?limit=5", want=200)
    check_answer(path, "DELETE", address, want=204)
    check_answer(path, "POST", f"/v1/deliveries/{delivery['id']}/replay", want=403)


def check_notes(path):
    note = check_answer(path, "POST", "/v1/notes", {"text": "for the next shift"}, want=201)
    check_answer(path, "POST", "/v1/notes", {"text": " "}, want=422)
    check_answer(path, "GET", "/v1/notes", want=200)
    check_answer(path, "DELETE", "/v1/notes/" + note["id"], want=204)
    check_answer(path, "DELETE", "/v1/notes/" + note["id"], want=404)


def check_acts(case, publisher, recipient):
    """An act of each kind, and its answer."""
    check_webhooks(publisher)
    check_drafts(case, publisher)
    check_notes(publisher)
    name = case["child"]["given_name"]
    body = {"case": case, "status": "ACTUAL", "to": ["IT"]}
    check_answer(publisher, "POST", "/v1/cases", {**body, "dry_run": True}, want=200)
    view = check_answer(publisher, "POST", "/v1/cases", {**body, "confirm": name}, "openapi-publish", want=201)
    address = f"/v1/cases/{view['member']}:{view['reference']}"
    check_answer(publisher, "POST", address + "/revisions", {"case": case, "to": ["FR"]}, "openapi-revision", want=201)
    check_answer(publisher, "GET", address + "?wait=delivered&timeout_ms=10000", want=200)
    check_answer(recipient, "POST", address + "/acknowledge", {"as": "Paola"}, "openapi-acknowledge", want=201)
    check_answer(recipient, "POST", address + "/replies", {"kind": "ACTING"}, "openapi-reply", want=201)
    check_answer(publisher, "GET", address + "/sealed", want=200)
    check_answer(publisher, "POST", address + "/posters", {"language": "fr", "form": "a4"}, want=403)
    shown = {**case, "publicity": {**case["publicity"], "level": "PUBLIC"}}
    check_answer(publisher, "POST", address + "/revisions", {"case": shown}, "openapi-public", want=201)
    poster = check_answer(publisher, "POST", address + "/posters", {"language": "fr", "form": "a4"}, want=201)
    check_answer(publisher, "GET", address + "/posters", want=200)
    check_answer(publisher, "GET", poster["qr"], want=200)
    check_answer(publisher, "GET", f"{address}/posters/{poster['id']}", want=200)
    check_answer(publisher, "POST", f"{address}/posters/{poster['id']}/withdrawn", want=200)
    check_answer(publisher, "POST", address + "/close", {"outcome": "FOUND_SAFE"}, "openapi-close", want=201)
    check_answer(publisher, "POST", address + "/retract", {"reason": "sent in error"}, "openapi-retract", want=201)
    check_answer(publisher, "PUT", "/v1/subscriptions", {"add": ["FR"]}, want=200)
    check_answer(publisher, "POST", "/v1/users", {"user": "openapi", "role": "operator", "password": "a password of openapi"}, want=201)
    check_answer(publisher, "POST", "/v1/users", {"user": "openapi", "role": "operator", "password": "a password of openapi"}, want=409)
    check_answer(publisher, "POST", "/v1/users/openapi/totp", want=201)
    check_answer(publisher, "PUT", "/v1/users/openapi/role", {"role": "it"}, want=200)
    check_answer(publisher, "GET", "/v1/users", want=200)
    check_answer(publisher, "POST", "/v1/users/openapi/unlock", want=200)
    check_answer(publisher, "DELETE", "/v1/users/openapi/totp", want=200)
    check_answer(publisher, "DELETE", "/v1/users/openapi", want=204)
    check_answer(publisher, "GET", "/v1/session", want=200)
    check_answer(publisher, "POST", "/v1/tokens", {"name": "openapi", "scopes": ["read"]}, want=201)
    check_answer(publisher, "GET", "/v1/tokens", want=200)
    check_answer(publisher, "DELETE", "/v1/tokens/openapi", want=204)
    check_answer(publisher, "GET", "/v1/audit", want=200)
    check_answer(publisher, "GET", "/v1/audit/verify", want=200)
    check_answer(publisher, "POST", "/v1/backup", {"path": str(pathlib.Path("openapi-backup.db").resolve())}, want=201)
    check_answer(recipient, "GET", address, want=200)


if sys.argv[1] == "sources":
    code = sources()
    check_references(document, "#")
    check_fields(code, check_routes(code))
    check_codes(code)
    check_events()
else:
    check_acts(json.loads(pathlib.Path(sys.argv[2]).read_text()), *sys.argv[3:5])
    count = sum(check_node(path) for path in sys.argv[3:])
    if count == 0:
        findings.append("there was no case to look at")
if findings:
    print("\n".join(dict.fromkeys(findings)))
    sys.exit(1)
print("ok")
