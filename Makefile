# The two commands: `make demo` and `make test`. Both make their own environment first (scripts/bootstrap).
# 两条命令：make demo（演示）与 make test（检验）；都会先自行建立运行环境。

BIN := .venv/bin
DEMO_OUT ?= demo

.PHONY: demo test spark style bench speeds docs site wheel lock clean env help

help:
	@echo "make demo   run the sample town and show the boards   运行示例镇并显示看板"
	@echo "make test   style, types and tests                    格式、类型与测试"
	@echo "make spark  tests on Spark itself, with a Java from PyPI  在 Spark 上测试"
	@echo "make style  style and types only                  仅格式与类型"
	@echo "make bench  measure against peers                     与同类方法比较速度"
	@echo "make speeds time every kernel and stage               各环节计时"
	@echo "make docs   write the generated pages and pictures    生成文档页与图片"
	@echo "make site   build the documentation site          生成文档网站"
	@echo "make wheel  build wheel and sdist, try the wheel  打包并试装"
	@echo "make lock   bring both lock files in step             更新锁定文件"
	@echo "make clean  remove what was made here                 清除生成的文件"

env:
	@sh scripts/bootstrap dev

demo:
	@sh scripts/bootstrap run
	@$(BIN)/poolpipe demo --out $(DEMO_OUT)

test:
	@sh scripts/check

spark:
	@sh scripts/spark

style: env
	@sh scripts/check style

bench: env
	$(BIN)/python -m benchmarks.compare

speeds: env
	$(BIN)/python -m pytest -c benchmarks/pytest.ini benchmarks

docs: env
	@for page in scripts/write_*.py scripts/draw_*.py; do $(BIN)/python $$page; done

site: env
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

wheel:
	@sh scripts/try_wheel

lock:
	sh scripts/lock

clean:
	rm -rf demo site .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks dist build
	find src kernels tests benchmarks -name __pycache__ -type d -exec rm -rf {} +
