from pipelines.reporting.published import NOT_COMPARABLE, PUBLISHED


def test_the_families_and_the_sweep_are_as_published() -> None:
    ours = [(row.system, row.lambda_emo, row.mae, row.spearman, row.accuracy) for row in PUBLISHED if row.mae]
    assert ours == [
        ("baseline", "0.1", "0.3977", "0.7396", "0.4150"),
        ("stm", "0.1", "0.4946", "0.7077", "0.3951"),
        ("mvc", "0.1", "0.3338", "0.7574", "0.4148"),
        ("mvc", "0.3", "0.4033", "0.7091", "0.4305"),
        ("mvc", "0.1", "0.3404", "0.7505", "0.4529"),
        ("mvc", "0.05", "0.3576", "0.7222", "0.2691"),
    ]


def test_every_row_says_where_it_is_from_and_on_what() -> None:
    assert all(row.source and row.data and row.view for row in PUBLISHED)
    assert "other labels" in NOT_COMPARABLE
