"""What drivers bear: mutated answers by the million, and limits that hold all the while."""
