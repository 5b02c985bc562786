#!/usr/bin/env python3
"""A receiver of webhooks and a mail server for one test, standard library only.

usage: receiver.py HTTP-PORT SMTP-PORT FOLDER [CERTIFICATE KEY]      with a certificate: both under TLS
Each webhook is a line of FOLDER/web.jsonl: path, headers, body, the answer. The answer is the number in FOLDER/answer-NAME
(for /NAME), else 204; "redirect" sends the caller elsewhere, "slow" never answers. Each mail is a line of
FOLDER/mail.jsonl: from, to, text. FOLDER/smtp-refuse: mail is refused.
"""
import http.server
import json
import pathlib
import socketserver
import ssl
import sys
import threading
import time

folder = pathlib.Path(sys.argv[3])
lock = threading.Lock()


def note(name, line):
    with lock, open(folder / name, "a") as out:
        out.write(json.dumps(line) + "\n")


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        wanted = folder / f"answer-{self.path.strip('/')}"
        answer = wanted.read_text().strip() if wanted.exists() else "204"
        note("web.jsonl", {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body, "answer": answer})
        if answer == "slow":
            time.sleep(60)
        elif answer == "redirect":
            self.send_response(302)
            self.send_header("Location", "/redirected")
            self.end_headers()
        else:
            self.send_response(int(answer))
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        sender, to = None, []
        self.say("220 receiver")
        while line := self.rfile.readline():
            word = line.decode().strip()
            verb = word.split(" ")[0].split(":")[0].upper()
            if verb == "MAIL" and (folder / "smtp-refuse").exists():
                self.say("451 not now")
            elif verb == "MAIL":
                sender = word
                self.say("250 ok")
            elif verb == "RCPT":
                to.append(word)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                text = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    text += part
                note("mail.jsonl", {"from": sender, "to": to, "text": text.decode()})
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Threads(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True


web = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Web)
web.daemon_threads = True
mail = Threads(("127.0.0.1", int(sys.argv[2])), Mail)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    for server in (web, mail):
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=mail.serve_forever, daemon=True).start()
(folder / "ready").write_text("")
web.serve_forever()
