"""What tests of projects are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_files import Project, projects_in


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return what makes a project of files by name, ``/`` written ``__``."""
    return projects_in(tmp_path)
