@echo off
rem What `make demo` and `make test` do, for Windows: .\make.bat demo, .\make.bat test. Needs Python 3.11 or newer.
setlocal
cd /d "%~dp0"
chcp 65001 >nul
set "PYTHONUTF8=1"
set "list=requirements.run.lock"
if /i "%~1"=="test" set "list=requirements.lock"
if /i not "%~1"=="demo" if /i not "%~1"=="test" (
    echo usage: .\make.bat demo   or   .\make.bat test
    exit /b 2
)

rem What .venv was made from lies in it; when the list changes it is made again. One for the tests serves to run, too.
fc /b %list% .venv\.made-from-%list% >nul 2>nul && goto made
if /i "%~1"=="demo" fc /b requirements.lock .venv\.made-from-requirements.lock >nul 2>nul && goto made

set "python="
for %%p in ("py -3" python python3) do if not defined python %%~p -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && set "python=%%~p"
if not defined python (
    echo poolpipe needs Python 3.11 or newer, from python.org.
    exit /b 1
)
echo Making .venv, once. This downloads some hundred MB.
if not exist .venv\Scripts\python.exe %python% -m venv .venv || exit /b 1
.venv\Scripts\python -m pip install --disable-pip-version-check --require-hashes -r %list% || exit /b 1
.venv\Scripts\python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || exit /b 1
copy /b /y %list% .venv\.made-from-%list% >nul

:made
if /i "%~1"=="demo" (
    .venv\Scripts\poolpipe demo --out demo
    exit /b
)
rem Byte code is kept whatever the shell says: the tests start hundreds of processes, and each would compile its libraries.
set "PYTHONDONTWRITEBYTECODE="
.venv\Scripts\ruff check . || exit /b 1
.venv\Scripts\ruff format --check . || exit /b 1
.venv\Scripts\mypy --num-workers 2 || exit /b 1
.venv\Scripts\python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
