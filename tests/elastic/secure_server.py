"""A real OpenSearch with its security plugin: TLS, users with a password or a client certificate, roles.

    with SecureServer(folder, users={"writer": "correct-horse"}, roles={"sink": {…as in roles.yml…}},
                      mapping={"sink": ["writer"]}) as server:

Passwords are the values; a user who has a certificate of server.certificate(NAME) needs none. `admin` may all that there is."""
import base64
import crypt
import json
import pathlib
import ssl
import subprocess
import urllib.request
import zipfile

import search_server

ADMIN_PASSWORD = "may-do-all"


class SecureServer(search_server.SearchServer):
    def __init__(self, folder, users, roles, mapping, heap="1g"):
        folder = pathlib.Path(folder).resolve()
        self.config = folder / "node" / "node_1" / "config"
        self.config.mkdir(parents=True)
        self.authority = self.config / "ca.pem"
        self._make_certificates()
        prefix = "plugins.security.ssl"
        super().__init__(folder, heap, **{
            "plugins": "org.opensearch.security.OpenSearchSecurityPlugin", "node.name": "secure",
            f"{prefix}.transport.pemcert_filepath": "node.pem", f"{prefix}.transport.pemkey_filepath": "node.key",
            f"{prefix}.transport.pemtrustedcas_filepath": "ca.pem",
            f"{prefix}.transport.enforce_hostname_verification": "false", f"{prefix}.http.enabled": "true",
            f"{prefix}.http.pemcert_filepath": "node.pem", f"{prefix}.http.pemkey_filepath": "node.key",
            f"{prefix}.http.pemtrustedcas_filepath": "ca.pem",
            f"{prefix}.http.clientauth_mode": "OPTIONAL", "plugins.security.allow_default_init_securityindex": "true",
            "plugins.security.nodes_dn_dynamic_config_enabled": "false"})
        self._write_security(users, roles, mapping)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.config, check=True, capture_output=True)

    def _make_certificates(self):
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test authority", "-days", "2", "-keyout",
                      "ca.key", "-out", "ca.pem")
        self.certificate("node", "subjectAltName=IP:127.0.0.1")

    def certificate(self, name, extension="extendedKeyUsage=clientAuth"):
        """Makes NAME.pem and NAME.key, signed by the authority. Their paths without the ends."""
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", "rsa", "-out", "request")
        self._openssl("pkcs8", "-topk8", "-nocrypt", "-in", "rsa", "-out", f"{name}.key")
        (self.config / "extension").write_text(extension + "\n")
        self._openssl("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                      "-extfile", "extension", "-out", f"{name}.pem")
        return self.config / name

    def _write_security(self, users, roles, mapping):
        """The plugin's own files, of which it makes its index; JSON is YAML."""
        folder = self.config / "opensearch-security"
        with zipfile.ZipFile(next(search_server.security_plugin().glob("*.zip"))) as plugin:
            for name in plugin.namelist():
                if name.startswith("config/") and name.endswith(".yml"):
                    folder.mkdir(exist_ok=True)
                    (folder / pathlib.Path(name).name).write_bytes(plugin.read(name))

        def write(name, kind, content):
            (folder / f"{name}.yml").write_text(json.dumps({"_meta": {"type": kind, "config_version": 2}, **content}))

        def domain(order, kind, backend, **config):
            return {"http_enabled": True, "order": order, "http_authenticator": {"type": kind, **config},
                    "authentication_backend": {"type": backend}}

        hashes = {name: crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=1 << 6))
                  for name, password in {**users, "admin": ADMIN_PASSWORD}.items()}
        write("internal_users", "internalusers", {name: {"hash": text} for name, text in hashes.items()})
        write("roles", "roles", roles)
        write("roles_mapping", "rolesmapping", {role: {"users": names} for role, names in
                                                {**mapping, "all_access": ["admin"]}.items()})
        write("config", "config", {"config": {"dynamic": {"authc": {
            "certificate": domain(0, "clientcert", "noop", challenge=False, config={"username_attribute": "cn"}),
            "basic": domain(1, "basic", "intern", challenge=True)}}}})

    def _command(self, settings):
        jars = self.folder / "plugin"
        if not jars.exists():
            with zipfile.ZipFile(next(search_server.security_plugin().glob("*.zip"))) as plugin:
                plugin.extractall(jars)
        command = super()._command(settings)
        command[command.index("-cp") + 1] += f":{jars}/*"
        return command

    def request(self, method, path, data, kind):
        """As admin."""
        who = base64.b64encode(f"admin:{ADMIN_PASSWORD}".encode()).decode()
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": kind, "Authorization": f"Basic {who}"})
        return urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=self.authority))
