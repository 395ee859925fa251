"""Who walks to what: the study's choice, and the limits of its standard at their pace."""

from __future__ import annotations

from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.inputs.rule_book import study_standard
from lifecircle.network.profiles import STANDARD_M_PER_MIN, profiles
from lifecircle.standards.catalogue import Standard
from lifecircle.standards.pace import at_pace, mixed_headlines, walked_by
from lifecircle.study import Study


def walked_standard(study: Study, strict: bool = True) -> Standard:
    """The study's standard, its limits as minutes at the pace of whoever walks there.

    Under another standard than its own (not `strict`) the study's choices count as far as that
    has the services.  Raises `StudyRefused` for a walker to a service that the standard does not
    have, and for a headline whose members different people would walk to.
    """
    standard, chosen = study_standard(study), study.study.profiles
    known = [*(headline.id for headline in standard.headlines), *standard.ids]
    if not strict:
        chosen = {name: profile for name, profile in chosen.items() if name in known}
    problems = [
        _problem(study, name, "profile_of_unknown", known=", ".join(known))
        for name in chosen
        if name not in known
    ]
    walked = walked_by(standard, study.study.profile, chosen)
    problems += [
        _problem(study, headline, "profile_mixed", walkers=walkers)
        for headline, walkers in mixed_headlines(walked)
    ]
    if problems:
        raise StudyRefused(problems)
    paces = {name: profile.m_per_min for name, profile in profiles().items()}
    return at_pace(walked, study.study.profile, paces, STANDARD_M_PER_MIN)


def _problem(study: Study, name: str, code: str, **details: object) -> Problem:
    key = "study.profiles"
    return Problem(code, "refused", study.file.name, column=key, value=name, details=details)
