"""Plays a configuration that somebody edited: the boot of the PBX checks its files.

Before the boot, only settings that would send phones out of the run are looked for. A mistake in the files is no
failure of the harness: it is reported with its place, in Asterisk's own words.
"""

from __future__ import annotations

import re
from pathlib import Path

from ringproof.containers.errors import BrokenError, ComplaintError, EditedConfigurationError, LogMissingError
from ringproof.core.problem import MOST, Problem, QuotedLine, told
from ringproof.core.source import Source
from ringproof.core.spelling import enumerate_words
from ringproof.dialplan.edited import EditedError, take_edited
from ringproof.dialplan.elsewhere import Setting, networks_of, settings_elsewhere
from ringproof.dialplan.render import CONF, EVIDENCE, TRUNK, PlayAddresses, Secrets
from ringproof.pbx.manager import Manager
from ringproof.playing.own_modules import FunctionMissingError, Use
from ringproof.playing.sources import TrunkUnknownError
from ringproof.scenario.model.office import Office

_SAID = re.compile(r"\[[^\]]+\] (WARNING|ERROR)\[\d+\](\[C-\w+\])? \S+: (?P<words>.*)")
"""A line of Asterisk's log; what stands before the words is of use only to Asterisk's developers."""
_MORE = "all that it said is in pbx/full.log of the scenario's evidence"
_ALLOW = "; `--allow PATTERN` plays in spite of what is known"
_LOG_FOLDER = re.compile(r"^[ \t]*astlogdir\s*=>?[ \t]*(?P<value>[^;\s]*)", re.MULTILINE)
MODULES = "modules.conf"
_MODULE = re.compile(r"[Mm]odule '(?P<name>\w+)(\.so)?'")
_PLACE = re.compile(r"\bline (?P<line>\d+) (of|in) ?'?(?P<file>[\w./-]*[\w-])?")
"""A message that names no file is about the one that PJSIP reads through sorcery (config_options.c)."""


class EditedFolder:
    """The configuration in the folder that the option `--rendered` names."""

    strict = False

    def __init__(self, folder: Path, subnets: str, office: Office) -> None:
        """`folder` was rendered from `office` and then edited. `subnets`: the run's (RunEnvironment.subnets)."""
        self._folder = folder
        self._networks = networks_of(subnets)
        self._office = office

    def prepare(self, folder: Path, addresses: PlayAddresses, secrets: Secrets) -> None:
        """Copy the folder to `folder`, with the files of the play itself. Raises EditedConfigurationError."""
        try:
            take_edited(self._folder, folder, self._office, addresses=addresses, secrets=secrets)
        except EditedError as fault:
            fix = "give the folder that the scenario's office was rendered into"
            raise EditedConfigurationError(Problem(Source(_shown(fault.file), 1, 1), str(fault), fix)) from fault
        if found := settings_elsewhere(folder, self._networks):
            more = f" ({len(found)} such settings in all)" if len(found) > 1 else ""
            first, *others = found
            raise EditedConfigurationError(
                self._leads_elsewhere(*first, more), *(self._leads_elsewhere(*each) for each in others[: MOST - 1])
            )

    def _leads_elsewhere(self, name: Path, setting: Setting, more: str = "") -> Problem:
        networks = enumerate_words([str(network) for network in self._networks])
        sentence = (
            f"{setting.option} leads to {told(setting.value)}; expected an address in the run's networks, {networks}"
        )
        fix = (
            "take the line out, or leave its value empty: the PBX then tells phones the address that it has in the run"
        )
        place = Source(_shown(self._folder / name), setting.line, setting.column)
        return Problem(place, f"{sentence}{more}", fix, (QuotedLine(setting.line, setting.text),))

    def explain(self, fault: BrokenError) -> BrokenError:
        """Return the mistake in a file of the folder if `fault` is about the configuration, else `fault` itself."""
        match fault:
            case ComplaintError():
                return self._refused(fault)
            case LogMissingError():
                return self._log_missing(fault)
            case FunctionMissingError():
                return self._function_missing(fault.use)
            case TrunkUnknownError():
                return self._trunk_unknown()
        return fault

    def _refused(self, fault: ComplaintError) -> EditedConfigurationError:
        """Return the report of a boot that is refused for Asterisk's complaints.

        It shows the first complaint that names a place, or the first one if none does.
        """
        words = [found["words"] if (found := _SAID.match(line)) else line.strip() for line in fault.said]
        places = [(said, place) for said in words if (place := _PLACE.search(said))]
        more = f" ({len(words)} complaints in all)" if len(words) > 1 else ""
        said, found = places[0] if places else (words[0], None)
        sentence = f"Asterisk refuses this configuration: {said.rstrip('. ').removesuffix(' of')}{more}"
        fix = _MORE + (_ALLOW if fault.booted else "")
        if found is None:
            return self._error(sentence, fix, *self._loaded_at(said))
        name = (found["file"] or "pjsip.conf").removeprefix(f"{CONF}/")
        return self._error(sentence.replace(f"{CONF}/", ""), fix, name, int(found["line"]))

    def _loaded_at(self, said: str) -> tuple[str, int]:
        """Return the file and line that load the module of which Asterisk complains; empty and 0: none does."""
        module, file = _MODULE.search(said), self._folder / MODULES
        if module is None or not file.is_file():
            return "", 0
        text = file.read_text(encoding="utf-8", errors="replace")
        load = re.search(rf"^[ \t]*(pre)?load\s*=>?\s*{module['name']}(\.so)?\b", text, re.MULTILINE)
        return (MODULES, text.count("\n", 0, load.start()) + 1) if load else ("", 0)

    def _log_missing(self, fault: LogMissingError) -> EditedConfigurationError:
        """Return the report of an Asterisk log that is not where it is read from, with the setting to write."""
        if fault.here:
            fix = "write full.log => notice,warning,error,verbose(4),dtmf below [logfiles]"
            inside = Path(fault.configuration).is_relative_to(CONF)
            name = str(Path(fault.configuration).relative_to(CONF) / "logger.conf") if inside else "asterisk.conf"
            return self._error(fault.sentence, fix, name)
        text = (self._folder / "asterisk.conf").read_text(encoding="utf-8", errors="replace")
        found = _LOG_FOLDER.search(text)
        line = text.count("\n", 0, found.end()) + 1 if found else 0
        if found and found["value"] == EVIDENCE:
            fix = "Asterisk reads no template: take out the (!) behind [directories]"
        else:
            fix = f"write astlogdir => {EVIDENCE} below [directories]"
        return self._error(fault.sentence, fix, "asterisk.conf", line)

    async def credentials(self, manager: Manager) -> dict[str, str]:
        """Return each extension's password as the running PBX has it; empty: its endpoint asks for none.

        Raises EditedConfigurationError where an extension has no endpoint.
        """
        extensions = self._office.extensions
        endpoints = {entry.get("ObjectName", ""): entry for entry in await manager.listing("PJSIPShowEndpoints")}
        if missing := sorted({*extensions, TRUNK} - endpoints.keys()):
            one = len(missing) == 1
            sentence = f"the endpoint{'' if one else 's'} {', '.join(missing)} {'is' if one else 'are'} not in it"
            fix = (
                "every extension of the scenario's office has an endpoint of its number, and callers come by the trunk"
            )
            raise self._error(f"{sentence}, which the scenario needs", fix, "pjsip.conf")
        auths = {entry.get("ObjectName", ""): entry for entry in await manager.listing("PJSIPShowAuths")}
        return {name: auths.get(endpoints[name].get("Auths", ""), {}).get("Password", "") for name in extensions}

    async def verify(self, manager: Manager) -> None:
        """Accept the running PBX: `credentials` looks for the endpoints, and all else is the author's decision."""

    def _trunk_unknown(self) -> EditedConfigurationError:
        """Return the report of a PBX that does not identify outside callers as the trunk."""
        sentence = "outside callers are not taken for the trunk"
        return self._error(
            sentence, "pjsip.conf includes pjsip_trunk_address.conf, which each play writes", "pjsip.conf"
        )

    def _function_missing(self, use: Use) -> EditedConfigurationError:
        """Return the report of a function that the files use, and whose module they do not load."""
        sentence = (
            f"{use.function}() is used here, and modules.conf does not load {use.module}: Asterisk would not know it"
        )
        return self._error(sentence, f"write load={use.module} into modules.conf", str(use.file), use.line)

    def _error(self, sentence: str, fix: str, name: str = "", line: int = 0) -> EditedConfigurationError:
        file = self._folder / name
        if not line or not file.is_file():
            return EditedConfigurationError(Problem(Source(_shown(file), 1, 1), sentence, fix))
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        text = lines[line - 1] if line <= len(lines) else ""
        place = Source(_shown(file), line, 1 + len(text) - len(text.lstrip()))
        return EditedConfigurationError(Problem(place, sentence, fix, (QuotedLine(line, text),)))


def _shown(path: Path) -> str:
    """Return a path as messages show it: relative to the current folder if it lies below that."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
