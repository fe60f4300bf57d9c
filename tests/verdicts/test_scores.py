"""Scores from elsewhere are read as trackers export them, and it is said what was taken."""

from typing import Any

import pytest

from verdicts.scores import Named, Scores, ScoresError, grid_of, joined, read

MLFLOW_API = """run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.accuracy,\
metrics.loss,params.model,params.seed,tags.mlflow.runName
a1,1,FINISHED,file:///a,2024-01-01 00:00:00+00:00,2024-01-01 00:01:00+00:00,0.90,0.3,wide,0,dapper-swan-1
a2,1,FINISHED,file:///a,2024-01-01 00:00:00+00:00,2024-01-01 00:01:00+00:00,0.92,0.3,wide,1,dapper-swan-2
a3,1,FAILED,file:///a,2024-01-01 00:00:00+00:00,2024-01-01 00:01:00+00:00,,,deep,0,dapper-swan-3
a4,1,FINISHED,file:///a,2024-01-01 00:00:00+00:00,2024-01-01 00:01:00+00:00,0.91,0.3,deep,1,dapper-swan-4
"""

MLFLOW_PAGE = """"Start Time","Duration","Run ID","Name","Source Type","Source Name","User","Status",\
"model","seed","r2","mlflow.note"
"2024-01-01 00:00:00","3.1s","a1","swan-1","LOCAL","train.py","ann","FINISHED","wide","0","'-0.25",""
"2024-01-01 00:00:00","3.1s","a2","swan-2","LOCAL","train.py","ann","FINISHED","wide","1","0.91",""
"2024-01-01 00:00:00","3.1s","a3","swan-3","LOCAL","train.py","ann","FAILED","deep","0","",""
"2024-01-01 00:00:00","3.1s","a4","swan-4","LOCAL","train.py","ann","FINISHED","deep","1","0.81",""
"""

MLFLOW_CHART = """"Run","Run ID","metric","step","timestamp","value"
"wide-seed0","a1","acc","0","1","0.1"
"wide-seed0","a1","acc","1","2","0.9"
"deep-seed0","a2","acc","1","2","0.8"
"""

WANDB = """"Name","State","Notes","User","Tags","Created","Runtime","Sweep","arch","seed","test_acc","train_loss"
"run-1","finished","-","ann","","2024-01-01T00:00:00.000Z","12","","wide","1","0.9","0.1"
"run-2","finished","-","ann","","2024-01-01T00:00:00.000Z","12","","wide","2","0.91","0.1"
"run-3","crashed","-","ann","","2024-01-01T00:00:00.000Z","12","","deep","1","0.2","0.1"
"run-4","finished","-","ann","","2024-01-01T00:00:00.000Z","12","","deep","2","0.8","0.1"
"""

WANDB_CHART = """"Step","wide-seed1 - acc","wide-seed1 - acc__MIN","wide-seed1 - acc__MAX",\
"deep-seed1 - acc","deep-seed1 - _step"
"0","0.5","0.5","0.5","0.4","0"
"1","0.7","0.7","0.7","",""
"""

TENSORBOARD_FRAME = """run,tag,step,value
wide/seed_0,acc,0,0.1
wide/seed_0,acc,1,0.5
wide/seed_1,acc,1,0.6
deep/seed_0,acc,1,0.7
"""

OWN = """algorithm;fold;repeat;accuracy
wide;0;0;0.9
wide;1;0;0.91
deep;0;0;0.8
deep;1;0;0.81
"""

DECIMAL_COMMAS = "model;run;score\r\na;1;0,912\r\n\r\na;2;-1,5E-3\r\nb;1;1\r\nb;2;\r\n"

COMMAS_IN_NAMES = "model;run;accuracy, of all, if any, or so\na;1;?\na;2;0.9\nb;1;0.8\nb;2;0.7\n"

WIDE = """seed,wide,deep
0,0.9,0.8
1,0.91,nan
"""

DATASETS = """dataset,wide,deep
adult,0.763,0.768
breast,0.599,0.591
"""


def values(scores: Scores) -> dict[Any, Any]:
    found = grid_of(scores.runs).values
    return dict(found[None]) if set(found) == {None} else dict(found)


@pytest.mark.parametrize(
    ("text", "name", "expected", "noted"),
    [
        (MLFLOW_API, "metrics.accuracy", {"wide": {"0": 0.9, "1": 0.92}, "deep": {"0": None, "1": 0.91}}, "MLflow"),
        (MLFLOW_PAGE, "r2", {"wide": {"0": -0.25, "1": 0.91}, "deep": {"0": None, "1": 0.81}}, "MLflow"),
        (MLFLOW_CHART, "acc", {"wide": {"0": 0.9}, "deep": {"0": 0.8}}, "last one of acc"),
        (WANDB, "test_acc", {"wide": {"1": 0.9, "2": 0.91}, "deep": {"1": None, "2": 0.8}}, "W&B"),
        (WANDB_CHART, "acc", {"wide": {"1": 0.7}, "deep": {"1": 0.4}}, "W&B chart"),
        (TENSORBOARD_FRAME, "acc", {"wide": {"0": 0.5, "1": 0.6}, "deep": {"0": 0.7}}, "last one of acc"),
        (OWN, "accuracy", {"wide": {"0": 0.9, "1": 0.91}, "deep": {"0": 0.8, "1": 0.81}}, "a row for each run"),
        (DECIMAL_COMMAS, "score", {"a": {"1": 0.912, "2": -1.5e-3}, "b": {"1": 1, "2": None}}, "a row for each run"),
        (
            COMMAS_IN_NAMES,
            "accuracy, of all, if any, or so",
            {"a": {"1": None, "2": 0.9}, "b": {"1": 0.8, "2": 0.7}},
            "a row for each run",
        ),
        (WIDE, "score", {"wide": {"0": 0.9, "1": 0.91}, "deep": {"0": 0.8, "1": None}}, "a column for each"),
        (
            DATASETS,
            "score",
            {
                "adult": {"wide": {"#0": 0.763}, "deep": {"#0": 0.768}},
                "breast": {"wide": {"#0": 0.599}, "deep": {"#0": 0.591}},
            },
            "a row a data set",
        ),
    ],
)
def test_a_table_is_read_as_it_was_exported(text: str, name: str, expected: object, noted: str) -> None:
    found = read(text)
    assert (found.name, values(found)) == (name, expected)
    assert noted in found.notes[0]


@pytest.mark.parametrize(
    ("text", "models", "left_out"),
    [
        ("seed,wide,deep\n42,0.9,0.8\n42,0.91,0.82\n", ("wide", "deep"), "seed"),
        ("seed,wide,deep\n1,0.9,0.8\n", ("wide", "deep"), "seed"),
        ("seed,lr,wide,deep\n1,0.1,0.9,0.8\n2,0.1,0.91,0.82\n", ("wide", "deep"), "lr"),
        ("seed,config.units,wide,deep\n1,8,0.9,0.8\n2,8,0.91,0.82\n", ("wide", "deep"), "config.units"),
    ],
)
def test_what_is_no_score_is_none_of_the_models_and_that_is_said(
    text: str, models: tuple[str, ...], left_out: str
) -> None:
    found = read(text)
    assert grid_of(found.runs).models == models
    assert f"no models: {left_out}" in found.notes[0]


@pytest.mark.parametrize("nothing", ["", "nan", "NA", "-"])
def test_a_model_without_any_score_is_still_one_of_the_models(nothing: str) -> None:
    found = read(f"seed,wide,deep\n1,0.9,{nothing}\n2,0.91,{nothing}\n")
    assert values(found)["deep"].keys() == {"1", "2"}


def test_a_text_among_a_models_scores_is_refused_and_the_model_not_left_out() -> None:
    with pytest.raises(
        ScoresError, match="'OOM' stands where a score should; of a run without one leave the cell empty"
    ):
        read("seed,wide,deep,large\n1,0.9,0.8,0.7\n2,0.91,0.82,OOM\n")


@pytest.mark.parametrize("step", ["epoch", "step"])
def test_of_a_column_for_each_model_the_last_step_counts(step: str) -> None:
    found = read(f"{step},wide,deep\n1,0.5,0.4\n3,0.9,0.8\n2,0.7,0.6\n")
    assert [(score.model, score.value) for score in found.runs] == [("wide", 0.9), ("deep", 0.8)]
    assert any(f"greatest {step}" in note for note in found.notes)
    found = read(f"seed,{step},wide,deep\n1,1,0.5,0.4\n1,2,0.9,0.8\n2,1,0.7,0.6\n")
    assert values(found) == {"wide": {"1": 0.9, "2": 0.7}, "deep": {"1": 0.8, "2": 0.6}}


@pytest.mark.parametrize(
    "text",
    [
        "seed,wide,deep\n1,0.9,0.8\n2,0.92,0.84\nmean,0.91,0.82\nstd,0.014,0.028\n",
        "model,seed,accuracy\nwide,1,0.9\nwide,2,0.92\nwide,Mean,0.91\ndeep,1,0.8\ndeep,2,0.84\ndeep,Std,0.82\n",
        "dataset,wide,deep\n1,0.9,0.8\n2,0.92,0.84\nAverage,0.91,0.82\nAvg. rank,1,2\n",
    ],
)
def test_rows_that_sum_up_others_are_no_runs(text: str) -> None:
    found = read(text)
    assert sorted(score.value or 0 for score in found.runs) == [0.8, 0.84, 0.9, 0.92]
    assert any("sum up" in note for note in found.notes)


@pytest.mark.parametrize("text", [MLFLOW_API, WANDB])
def test_runs_that_did_not_finish_count_as_diverged_and_are_named(text: str) -> None:
    assert any("did not finish" in note and ("1 failed" in note or "1 crashed" in note) for note in read(text).notes)


def test_files_of_tensorboard_are_runs_by_their_names() -> None:
    files = {f"run-{model}_seed_{i}-tag-acc_test": 0.5 + i for model in ("wide", "deep") for i in range(2)}
    found = joined([read(f"Wall time,Step,Value\n1.5,0,0.1\n2.5,7,{value}\n", name) for name, value in files.items()])
    assert found.name == "acc/test"
    assert values(found) == {"wide": {"0": 0.5, "1": 1.5}, "deep": {"0": 0.5, "1": 1.5}}


def test_folds_of_a_cross_validation_share_training_data() -> None:
    text = "model,fold,accuracy\n" + "".join(f"{model},{fold},0.{fold}5\n" for model in "ab" for fold in range(5))
    found = read(text)
    assert found.overlap == pytest.approx(0.2 / 0.8)
    assert any("folds of 5" in note for note in found.notes)


def test_a_column_that_is_named_is_taken() -> None:
    assert read(WANDB, columns=Named(score="train_loss")).name == "train_loss"
    assert grid_of(read(MLFLOW_API, columns=Named(model="params.seed", run="params.model")).runs).models == ("0", "1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no table"),
        ("hello", "no table"),
        ("a,b\n1\n", "no table"),
        ("model,f2,f3\na,1,2\na,2,3\nb,1,1\n", "f2, f3; name one as score"),
        ("lr,accuracy\n0.1,0.9\n0.2,0.8\n", "no column of models"),
        ("model,accuracy\na,good\nb,bad\n", "no column of scores: in accuracy stands 'good', which is no number"),
        ("model,run,score\na,1,good\nb,1,bad\na,2,good\n", "in score stands 'good'"),
        ("model,run,accuracy\na,1,80.1%\nb,1,81%\n", "in accuracy stands '80.1%'"),
        ('model,run,accuracy\na,1,"0,91"\nb,1,"0,92"\n', "in accuracy stands '0,91'"),
        ("model;run;score\na;1;1,234\nb;1;1,111\n", "in score stands '1,234'"),
        ("model;run;score\na;1;0,91\nb;1;0.92\n", "in score stands '0,91'"),
        ("model,run\na,1\nb,1\na,2\n", "no column of scores$"),
        (
            "seed,a,b\n1,91%,82%\n2,92%,84%\n",
            "no column of models; name one as model: in a stands '91%', which is no number",
        ),
        ("1,0.9,0.8\n2,0.91,0.85\n", r"has no names, but numbers \(1, 0.9, 0.8\): name the columns"),
        (
            "model,split,seed,accuracy\na,train,1,0.9\na,test,1,0.8\nb,train,1,0.9\nb,test,1,0.8\n",
            "split has test, train: give the rows of one of them",
        ),
        ("seed,a,b\nmean,0.9,0.8\nstd,0.1,0.1\n", r"all rows are summaries \(mean, std\): give those of runs"),
        ("model,accuracy\na,1e200\nb,1\n", "too large"),
        ("run,tag,step,value\na,acc,0,1\nb,loss,0,1\n", "acc, loss; name one as score"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(text: str, words: str) -> None:
    with pytest.raises(ScoresError, match=words):
        read(text)


def test_a_column_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(ScoresError, match=r"no column 'f1' for score; there are: algorithm, fold, repeat, accuracy"):
        read(OWN, columns=Named(score="f1"))


def test_the_same_run_twice_is_refused() -> None:
    with pytest.raises(ScoresError, match="a has the run 0 twice"):
        grid_of(read("model,seed,accuracy\na,0,0.1\na,0,0.2\na,1,0.2\nb,0,0.2\n").runs)
